package farpage.emulator.selftest;

import static farpage.emulator.selftest.TestProcess.NONE;
import static farpage.emulator.selftest.TestProcess.READ;
import static farpage.emulator.selftest.TestProcess.READ_WRITE;
import static farpage.emulator.selftest.Values.BUFFER_PAGES;
import static farpage.emulator.selftest.Values.INDEX;
import static farpage.emulator.selftest.Values.PMD_PAGES;
import static farpage.emulator.selftest.Values.ROUNDS;
import static farpage.emulator.selftest.Values.ZERO;

import farpage.mm.Advice;
import farpage.mm.Errno;

/// Pages migrate to a device and come back.
///
/// @kernel lib/test_hmm.c: dmirror_migrate_to_device, dmirror_migrate_to_system
final class MigrateCases {
    private MigrateCases() {}

    private static TestPages migrated(TestProgram program) {
        TestPages buffer = program.process().map(BUFFER_PAGES);
        buffer.store(INDEX);
        program.device().migrateToDevice(buffer).copies(BUFFER_PAGES);
        buffer.expectMirror(INDEX);
        return buffer;
    }

    /// The pages go, and the device reads what the process wrote.
    static void migrate(TestProgram program) {
        TestPages _ = migrated(program);
    }

    /// Half of the pages come back, and all go again.
    static void migrateFault(TestProgram program) {
        TestPages buffer = migrated(program);
        buffer.firstHalf().expectLoads(INDEX);
        buffer.fillMirror(ZERO);
        program.device().migrateToDevice(buffer).copies(BUFFER_PAGES);
        buffer.expectMirror(INDEX);
    }

    /// The device's memory is given up with the pages in it.
    static void migrateRelease(TestProgram program) {
        TestPages buffer = migrated(program);
        program.device().release(buffer).succeeds();
        buffer.firstHalf().expectLoads(INDEX);
    }

    /// Round after round, with all pages coming back in each: by the command from a coherent
    /// device, by faults else.
    static void migrateMultiple(TestProgram program) {
        for (int round = 0; round < ROUNDS; round++) {
            TestPages buffer = migrated(program);
            if (program.isCoherent()) {
                program.device().migrateToSystem(buffer).copies(BUFFER_PAGES);
            }
            buffer.expectLoads(INDEX);
            buffer.unmap();
        }
    }

    /// Half of what went is unmapped, at the start, in the middle or at the end; the rest comes
    /// back.
    static void migratePartialUnmapFault(TestProgram program) {
        for (Advice advice : new Advice[] {Advice.NOHUGEPAGE, Advice.HUGEPAGE}) {
            for (int hole : new int[] {0, PMD_PAGES / 4, PMD_PAGES / 2}) {
                migrateAndUnmapHalf(program, advice, hole);
            }
        }
    }

    private static void migrateAndUnmapHalf(TestProgram program, Advice advice, int hole) {
        TestPages buffer = program.process().mapPmd(READ_WRITE, advice);
        buffer.store(INDEX);
        program.device().migrateToDevice(buffer).copies(PMD_PAGES);
        buffer.expectMirror(INDEX);
        int holeEnd = hole + PMD_PAGES / 2;
        buffer.part(hole, holeEnd).unmap();
        buffer.part(0, hole).expectLoads(INDEX);
        buffer.part(holeEnd, PMD_PAGES).expectLoads(INDEX);
    }

    /// Ranges with no access and with a hole are refused; a range of all kinds of readable pages
    /// migrates, but not from another device of the same kind.
    static void migrateMixed(TestProgram program) {
        TestPages buffer = program.process().map(6, NONE);
        DeviceFile first = program.device(0);
        DeviceFile second = program.device(1);
        second.migrateToDevice(buffer).returns(Errno.EINVAL);

        buffer.page(1).unmap();
        second.migrateToDevice(buffer.part(0, 3)).returns(Errno.EINVAL);

        buffer.page(2).protect(READ);
        buffer.page(2).expectLoads(ZERO);
        buffer.part(3, 6).protect(READ_WRITE);
        buffer.part(3, 6).store(Values.constant(3));
        buffer.page(3).protect(READ);
        second.migrateToDevice(buffer.part(2, 6)).copies(4);

        first.migrateToDevice(buffer.page(5)).returns(Errno.ENOENT);
    }
}
