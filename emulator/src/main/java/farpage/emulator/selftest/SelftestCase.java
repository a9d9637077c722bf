package farpage.emulator.selftest;

/// A case by its upstream name.
///
/// @param body what it does; it returns if everything is as it must be
/// @param patience how many times the usual limit it may take
/// @kernel tools/testing/selftests/mm/hmm-tests.c: TEST_F, TEST_F_TIMEOUT
record SelftestCase(SelftestFixture fixture, String name, Body body, int patience) {
    /// What a case does.
    @FunctionalInterface
    interface Body {
        void run(TestProgram program);
    }

    static SelftestCase hmm(String name, Body body) {
        return new SelftestCase(SelftestFixture.HMM, name, body, 1);
    }

    static SelftestCase hmm2(String name, Body body) {
        return new SelftestCase(SelftestFixture.HMM2, name, body, 1);
    }

    /// The same with a limit that many times as long.
    SelftestCase withPatience(int times) {
        return new SelftestCase(fixture, name, body, times);
    }
}
