package farpage.emulator.selftest;

/// What is set up before a case: which devices are open.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: FIXTURE(hmm), FIXTURE(hmm2)
enum SelftestFixture {
    /// One device.
    HMM("hmm", 1),
    /// Two devices of a kind.
    HMM2("hmm2", 2);

    private final String prefix;
    private final int deviceCount;

    SelftestFixture(String prefix, int deviceCount) {
        this.prefix = prefix;
        this.deviceCount = deviceCount;
    }

    int deviceCount() {
        return deviceCount;
    }

    /// Its upstream name.
    String label() {
        return prefix;
    }
}
