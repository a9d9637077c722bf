package farpage.emulator.selftest;

/// A case on one kind of device: what is run, counted and reported by itself.
///
/// @kernel tools/testing/selftests/kselftest_harness.h: struct __test_metadata with its variant
public final class SelftestRun {
    private final SelftestCase test;
    private final SelftestVariant variant;

    SelftestRun(SelftestCase test, SelftestVariant variant) {
        this.test = test;
        this.variant = variant;
    }

    /// As the kernel's harness prints it: `hmm.hmm_device_private.open_close`.
    public String name() {
        return testCase() + "." + test.name();
    }

    /// What the harness calls a test case: fixture and variant, `hmm.hmm_device_private`.
    public String testCase() {
        return test.fixture().label() + "." + variantName();
    }

    /// `hmm_device_private`.
    public String variantName() {
        return test.fixture().label() + "_" + variant.label();
    }

    /// The case's own name, `open_close`.
    public String caseName() {
        return test.name();
    }

    SelftestVariant variant() {
        return variant;
    }

    SelftestFixture fixture() {
        return test.fixture();
    }

    SelftestCase.Body body() {
        return test.body();
    }

    int patience() {
        return test.patience();
    }

    @Override
    public String toString() {
        return name();
    }
}
