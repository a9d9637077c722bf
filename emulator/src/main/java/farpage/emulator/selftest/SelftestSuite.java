package farpage.emulator.selftest;

import static farpage.emulator.selftest.SelftestCase.hmm;
import static farpage.emulator.selftest.SelftestCase.hmm2;
import static farpage.emulator.selftest.SelftestCase.skipped;

import java.util.ArrayList;
import java.util.List;

/// Every case of the kernel's test program, in its order.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c
public final class SelftestSuite {
    static final String NO_HUGE_PAGES = "huge pages are not modelled yet";
    static final String NO_HUGETLB_PAGE = "no hugetlb page is free";

    private static final List<SelftestCase> CASES =
            List.of(
                    hmm("open_close", ReadWriteCases::openClose),
                    hmm("anon_read", ReadWriteCases::anonRead),
                    hmm("anon_read_prot", ReadWriteCases::anonReadProt),
                    hmm("anon_write", ReadWriteCases::anonWrite),
                    hmm("anon_write_prot", ReadWriteCases::anonWriteProt),
                    hmm("anon_write_child", ForkCases::anonWriteChild),
                    hmm("anon_write_child_shared", ForkCases::anonWriteChildShared),
                    skipped("anon_write_huge", NO_HUGE_PAGES),
                    skipped("anon_write_hugetlbfs", NO_HUGETLB_PAGE),
                    hmm("file_read", FileCases::fileRead),
                    hmm("file_write", FileCases::fileWrite),
                    hmm("migrate", MigrateCases::migrate),
                    hmm("migrate_file_private", FileCases::migrateFilePrivate),
                    hmm("migrate_fault", MigrateCases::migrateFault),
                    hmm("migrate_release", MigrateCases::migrateRelease),
                    hmm("migrate_shared", FileCases::migrateShared),
                    hmm("migrate_multiple", MigrateCases::migrateMultiple),
                    hmm("anon_read_multiple", ReadWriteCases::anonReadMultiple),
                    hmm("anon_teardown", ReadWriteCases::anonTeardown),
                    hmm("mixedmap", FileCases::mixedmap),
                    skipped("compound", NO_HUGETLB_PAGE),
                    hmm("exclusive", ExclusiveCases::exclusiveAccess),
                    hmm("exclusive_mprotect", ExclusiveCases::exclusiveMprotect),
                    hmm("exclusive_cow", ExclusiveCases::exclusiveCow),
                    hmm("hmm_gup_test", PinCases::gupTest),
                    hmm("hmm_cow_in_device", ForkCases::cowInDevice),
                    skipped("migrate_anon_huge_empty", NO_HUGE_PAGES),
                    skipped("migrate_anon_huge_zero", NO_HUGE_PAGES),
                    skipped("migrate_anon_huge_free", NO_HUGE_PAGES),
                    skipped("migrate_anon_huge_fault", NO_HUGE_PAGES),
                    hmm("migrate_partial_unmap_fault", MigrateCases::migratePartialUnmapFault),
                    hmm("migrate_remap_fault", RemapCases::migrateRemapFault),
                    skipped("migrate_anon_huge_err", NO_HUGE_PAGES),
                    skipped("migrate_anon_huge_zero_err", NO_HUGE_PAGES),
                    skipped("benchmark_thp_migration", NO_HUGE_PAGES),
                    hmm("userfaultfd_read", UserfaultCases::userfaultfdRead),
                    hmm2("migrate_mixed", MigrateCases::migrateMixed),
                    hmm2("snapshot", SnapshotCases::snapshot),
                    hmm2("double_map", SnapshotCases::doubleMap));

    private SelftestSuite() {}

    /// Every case on either kind of device: first by fixture, then by kind, then in the order of
    /// the cases.
    public static List<SelftestRun> runs() {
        List<SelftestRun> runs = new ArrayList<>();
        for (SelftestFixture fixture : SelftestFixture.values()) {
            for (SelftestVariant variant : SelftestVariant.values()) {
                for (SelftestCase test : CASES) {
                    if (test.fixture() == fixture) {
                        runs.add(new SelftestRun(test, variant));
                    }
                }
            }
        }
        return List.copyOf(runs);
    }
}
