package farpage.mm.memoryfailure;

/// How far the machine recovered from a broken page.
///
/// @kernel mm/memory-failure.c: enum mf_result
public enum Recovery {
    /// Nothing was done.
    IGNORED,
    /// Somebody may still use the page.
    FAILED,
    /// It is dealt with when somebody asks for the contents.
    DELAYED,
    /// Nobody uses the page any more.
    RECOVERED
}
