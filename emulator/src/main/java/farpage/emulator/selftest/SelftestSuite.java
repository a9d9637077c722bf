package farpage.emulator.selftest;

import static farpage.emulator.selftest.SelftestCase.hmm;
import static farpage.emulator.selftest.SelftestCase.hmm2;

import farpage.mm.file.FileBackedMode;
import java.util.ArrayList;
import java.util.List;

/// Every case of the kernel's test program, in its order.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c
public final class SelftestSuite {
    private static final List<SelftestCase> CASES =
            List.of(
                    hmm("open_close", ReadWriteCases::openClose),
                    hmm("anon_read", ReadWriteCases::anonRead),
                    hmm("anon_read_prot", ReadWriteCases::anonReadProt),
                    hmm("anon_write", ReadWriteCases::anonWrite),
                    hmm("anon_write_prot", ReadWriteCases::anonWriteProt),
                    hmm("anon_write_child", ForkCases::anonWriteChild),
                    hmm("anon_write_child_shared", ForkCases::anonWriteChildShared),
                    hmm("anon_write_huge", HugeCases::anonWriteHuge),
                    hmm("anon_write_hugetlbfs", HugetlbCases::anonWriteHugetlbfs),
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
                    hmm("compound", HugetlbCases::compound),
                    hmm("exclusive", ExclusiveCases::exclusiveAccess),
                    hmm("exclusive_mprotect", ExclusiveCases::exclusiveMprotect),
                    hmm("exclusive_cow", ExclusiveCases::exclusiveCow),
                    hmm("hmm_gup_test", PinCases::gupTest),
                    hmm("hmm_cow_in_device", ForkCases::cowInDevice),
                    hmm("migrate_anon_huge_empty", HugeCases::migrateAnonHugeEmpty),
                    hmm("migrate_anon_huge_zero", HugeCases::migrateAnonHugeZero),
                    hmm("migrate_anon_huge_free", HugeCases::migrateAnonHugeFree),
                    hmm("migrate_anon_huge_fault", HugeCases::migrateAnonHugeFault),
                    hmm("migrate_partial_unmap_fault", MigrateCases::migratePartialUnmapFault),
                    hmm("migrate_remap_fault", RemapCases::migrateRemapFault),
                    hmm("migrate_anon_huge_err", HugeCases::migrateAnonHugeErr),
                    hmm("migrate_anon_huge_zero_err", HugeCases::migrateAnonHugeZeroErr),
                    hmm("benchmark_thp_migration", BenchmarkCases::thpMigration).withPatience(4),
                    hmm("userfaultfd_read", UserfaultCases::userfaultfdRead),
                    hmm2("migrate_mixed", MigrateCases::migrateMixed),
                    hmm2("snapshot", SnapshotCases::snapshot),
                    hmm2("double_map", SnapshotCases::doubleMap));

    /// Those that were proposed with pages of files on devices.
    private static final List<SelftestCase> FILE_CASES =
            List.of(
                    proposed("migrate_file", FileBackedCases::migrateFile),
                    proposed("migrate_file_fault", FileBackedCases::migrateFileFault),
                    proposed("migrate_fault_read_buf", FileBackedCases::migrateFaultReadBuf),
                    proposed("migrate_fault_write_buf", FileBackedCases::migrateFaultWriteBuf));

    private SelftestSuite() {}

    private static SelftestCase proposed(String name, SelftestCase.Body body) {
        return hmm(name, body);
    }

    /// Every case on either kind of device: first by fixture, then by kind, then in the order of
    /// the cases.
    public static List<SelftestRun> runs() {
        return runs(FileBackedMode.OFF);
    }

    /// The same, and after the cases of each fixture those that need pages of files on devices, if
    /// there may be such.
    public static List<SelftestRun> runs(FileBackedMode mode) {
        List<SelftestCase> cases = new ArrayList<>(CASES);
        if (mode != FileBackedMode.OFF) {
            cases.addAll(FILE_CASES);
        }
        List<SelftestRun> runs = new ArrayList<>();
        for (SelftestFixture fixture : SelftestFixture.values()) {
            for (SelftestVariant variant : SelftestVariant.values()) {
                for (SelftestCase test : cases) {
                    if (test.fixture() == fixture) {
                        runs.add(new SelftestRun(test, variant));
                    }
                }
            }
        }
        return List.copyOf(runs);
    }
}
