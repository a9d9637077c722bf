package farpage.emulator.selftest;

import static farpage.emulator.selftest.TestProcess.READ;
import static farpage.emulator.selftest.TestProcess.READ_WRITE;
import static farpage.emulator.selftest.Values.INDEX;
import static farpage.emulator.selftest.Values.NEGATED;
import static farpage.emulator.selftest.Values.PMD_PAGES;
import static farpage.emulator.selftest.Values.ZERO;

import farpage.mm.Advice;

/// A transparent huge page meets a device: whole, while it is missing, and where none can be
/// allocated.
///
/// @kernel lib/test_hmm.c: dmirror_migrate_alloc_and_copy, dmirror_devmem_fault_alloc_and_copy
final class HugeCases {
    /// One page in the middle of the others, which a CPU touches alone.
    private static final int TOUCHED_PAGE = 2;

    private HugeCases() {}

    /// Read and write, and every value its own index.
    private static TestPages stored(TestProgram program) {
        TestPages buffer = program.process().mapPmd(READ_WRITE, Advice.HUGEPAGE);
        buffer.store(INDEX);
        return buffer;
    }

    private static void migrate(TestProgram program, TestPages buffer) {
        buffer.fillMirror(NEGATED);
        program.device().migrateToDevice(buffer).copies(PMD_PAGES);
    }

    private static TestPages migrated(TestProgram program) {
        TestPages buffer = stored(program);
        migrate(program, buffer);
        buffer.expectMirror(INDEX);
        return buffer;
    }

    /// The device is the first to touch a huge page.
    static void anonWriteHuge(TestProgram program) {
        TestPages buffer = program.process().mapPmd(READ_WRITE, Advice.HUGEPAGE);
        buffer.fillMirror(INDEX);
        program.device().write(buffer).copies(PMD_PAGES).faults(1);
        buffer.expectLoads(INDEX);
    }

    /// Nothing is there to be copied: the device gets zeros.
    static void migrateAnonHugeEmpty(TestProgram program) {
        TestPages buffer = program.process().mapPmd(READ, Advice.HUGEPAGE);
        migrate(program, buffer);
        buffer.expectMirror(ZERO);
    }

    /// The huge page of zeros stays; the device gets zeros of its own.
    static void migrateAnonHugeZero(TestProgram program) {
        TestPages buffer = program.process().mapPmd(READ, Advice.HUGEPAGE);
        buffer.expectLoads(ZERO);
        migrate(program, buffer);
        buffer.expectMirror(ZERO);
        buffer.expectLoads(ZERO);
    }

    /// That the contents may be thrown away does not concern what is on a device.
    static void migrateAnonHugeFree(TestProgram program) {
        migrated(program).advise(Advice.FREE);
    }

    /// What lies on the device can be looked at from outside, and comes back when the process wants
    /// it.
    static void migrateAnonHugeFault(TestProgram program) {
        TestPages buffer = migrated(program);
        buffer.readPagemap();
        buffer.expectLoads(INDEX);
    }

    /// No large page is to be had, first on the device and then in RAM: small ones do.
    static void migrateAnonHugeErr(TestProgram program) {
        TestPages toSmall = stored(program);
        program.device().failNextAllocation(toSmall);
        migrate(program, toSmall);
        toSmall.expectMirror(INDEX);
        toSmall.page(TOUCHED_PAGE).expectLoads(INDEX);
        toSmall.unmap();

        TestPages back = migrated(program);
        program.device().failNextAllocation(back);
        program.device().migrateToSystem(back).succeeds();
        back.page(TOUCHED_PAGE).expectLoads(INDEX);
    }

    /// The same where there is nothing, and where the huge page of zeros is.
    static void migrateAnonHugeZeroErr(TestProgram program) {
        TestPages missing = program.process().mapPmd(READ, Advice.HUGEPAGE);
        program.device().failNextAllocation(missing);
        migrate(program, missing);
        missing.page(TOUCHED_PAGE).expectLoads(ZERO);
        missing.unmap();

        TestPages zeros = program.process().mapPmd(READ, Advice.HUGEPAGE);
        zeros.page(0).expectLoads(ZERO);
        program.device().failNextAllocation(zeros);
        migrate(program, zeros);
        zeros.expectLoads(ZERO);
    }
}
