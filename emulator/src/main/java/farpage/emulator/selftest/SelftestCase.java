package farpage.emulator.selftest;

/// A case by its upstream name.
///
/// @param body what it does; it returns if everything is as it must be
/// @param missing what the machine has not that the case is about; empty if it can run
/// @kernel tools/testing/selftests/mm/hmm-tests.c: TEST_F
record SelftestCase(SelftestFixture fixture, String name, Body body, String missing) {
    /// What a case does.
    @FunctionalInterface
    interface Body {
        void run(TestProgram program);
    }

    static SelftestCase hmm(String name, Body body) {
        return new SelftestCase(SelftestFixture.HMM, name, body, "");
    }

    static SelftestCase hmm2(String name, Body body) {
        return new SelftestCase(SelftestFixture.HMM2, name, body, "");
    }

    /// A case that can not run on this machine.
    static SelftestCase skipped(String name, String reason) {
        return new SelftestCase(SelftestFixture.HMM, name, _ -> {}, reason);
    }
}
