package farpage.emulator.selftest;

import static farpage.emulator.selftest.TestProcess.READ_WRITE;
import static farpage.emulator.selftest.Values.BUFFER_PAGES;
import static farpage.emulator.selftest.Values.INDEX;
import static farpage.emulator.selftest.Values.NEGATED;

import farpage.mm.Advice;
import farpage.mm.VmFlags;

/// A parent, its forked child, and a device that one of them uses.
///
/// @kernel kernel/fork.c: dup_mmap; mm/memory.c: copy_nonpresent_pte, do_wp_page
final class ForkCases {
    private ForkCases() {}

    /// What a device writes for the child the parent does not see.
    static void anonWriteChild(TestProgram program) {
        for (boolean migrates : new boolean[] {false, true}) {
            TestPages small = program.process().map(2 * BUFFER_PAGES).firstHalf();
            writeInChild(program, small, migrates);
            TestPages huge = program.process().mapPmd(READ_WRITE, Advice.HUGEPAGE);
            writeInChild(program, huge, migrates);
        }
    }

    /// The child opens the first private device, whatever the variant.
    private static void writeInChild(TestProgram program, TestPages buffer, boolean migrates) {
        int pageCount = buffer.pageCount();
        buffer.store(INDEX);
        buffer.fillMirror(NEGATED);
        if (migrates) {
            program.device().migrateToDevice(buffer).copies(pageCount);
        }
        TestProcess child = program.fork();
        TestPages inChild = buffer.in(child);
        child.start(() -> {
            inChild.expectLoads(INDEX);
            inChild.expectMirror(migrates ? INDEX : NEGATED);
            DeviceFile device = child.open(program.machineDevice(0));
            device.write(inChild).copies(pageCount).faults(1);
            inChild.expectLoads(migrates ? INDEX : NEGATED);
        });
        child.awaitExit();
        buffer.expectLoads(INDEX);
    }

    /// What a device writes to shared memory for the child the parent sees too.
    static void anonWriteChildShared(TestProgram program) {
        TestPages buffer = program.process().map(BUFFER_PAGES, READ_WRITE | VmFlags.SHARED);
        buffer.store(INDEX);
        buffer.fillMirror(NEGATED);
        TestProcess child = program.fork();
        TestPages inChild = buffer.in(child);
        child.start(() -> {
            inChild.expectLoads(INDEX);
            DeviceFile device = child.open(program.machineDevice(0));
            device.write(inChild).copies(BUFFER_PAGES).faults(1);
            inChild.expectLoads(NEGATED);
        });
        child.awaitExit();
        buffer.expectLoads(NEGATED);
    }

    /// The child dies while the pages are shared with it and still on the device, but for those
    /// that the parent wrote.
    static void cowInDevice(TestProgram program) {
        TestPages buffer = program.process().map(4);
        buffer.store(INDEX);
        program.device().migrateToDevice(buffer).copies(4);

        TestProcess child = program.fork();
        child.start(child::pause);
        buffer.store(INDEX);
        child.kill(Signal.SIGTERM);
        child.expectKilledBy(Signal.SIGTERM);

        Expect.equal("02 02 02 02", program.device().snapshot(buffer), "snapshot");
    }
}
