package farpage.emulator.selftest;

import static farpage.emulator.selftest.TestProcess.READ_WRITE;
import static farpage.emulator.selftest.Values.BUFFER_PAGES;
import static farpage.emulator.selftest.Values.INDEX;
import static farpage.emulator.selftest.Values.ZERO;

import farpage.mm.PageSize;
import farpage.mm.VmFlags;

/// Pages of a file go to the device, as was proposed for file-backed device memory. There they are
/// cases of the kernel's program too; only a machine whose devices may have such pages runs them.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c, as proposed in March 2025
final class FileBackedCases {
    private FileBackedCases() {}

    /// A file and its mapping, whose pages are on the device.
    private record Migrated(TestFile file, TestPages buffer) {}

    private static Migrated migrated(TestProgram program) {
        if (program.isCoherent()) {
            throw program.skip("pages of files go to DEVICE_PRIVATE only");
        }
        TestFile file = program.newFile(BUFFER_PAGES);
        TestPages buffer =
                program.process().map(BUFFER_PAGES, READ_WRITE | VmFlags.SHARED, file.file());
        buffer.store(INDEX);
        Expect.equal("0", file.file().fsync().describe(), "fsync");
        program.device().migrateToDevice(buffer).copies(BUFFER_PAGES);
        buffer.expectMirror(INDEX);
        return new Migrated(file, buffer);
    }

    /// A file's pages go to the device, which reads what the process wrote.
    static void migrateFile(TestProgram program) {
        Migrated _ = migrated(program);
    }

    /// Half of a file's pages come back by faults, and all go again.
    static void migrateFileFault(TestProgram program) {
        TestPages buffer = migrated(program).buffer();
        buffer.firstHalf().expectLoads(INDEX);
        buffer.fillMirror(ZERO);
        program.device().migrateToDevice(buffer).copies(BUFFER_PAGES);
        buffer.expectMirror(INDEX);
    }

    /// `read` sees the contents of pages that are on the device.
    static void migrateFaultReadBuf(TestProgram program) {
        Migrated migrated = migrated(program);
        migrated.buffer().fillMirror(ZERO);
        migrated.file().read(migrated.buffer());
        migrated.buffer().expectMirror(INDEX);
    }

    /// What the device writes is seen by `read`, through the mapping, and after the file was cut
    /// and made longer again.
    static void migrateFaultWriteBuf(TestProgram program) {
        Migrated migrated = migrated(program);
        TestPages buffer = migrated.buffer();
        buffer.fillMirror(Values.indexPlus(1));
        program.device().write(buffer).succeeds();
        truncate(migrated.file(), BUFFER_PAGES / 2);
        TestPages half = buffer.firstHalf();
        half.fillMirror(ZERO);
        migrated.file().read(half);
        half.expectMirror(Values.indexPlus(1));
        half.expectLoads(Values.indexPlus(1));
        truncate(migrated.file(), BUFFER_PAGES);
        half.expectLoads(Values.indexPlus(1));
        buffer.secondHalf().expectLoads(ZERO);
    }

    private static void truncate(TestFile file, int pageCount) {
        Expect.equal(
                "0", file.file().truncate(PageSize.pageAddress(pageCount)).describe(), "ftruncate");
    }
}
