package farpage.testing;

/// Seeds of tests.
public final class Seeds {
    private Seeds() {}
}
