package farpage.emulator.selftest;

import static farpage.emulator.selftest.TestProcess.READ;
import static farpage.emulator.selftest.Values.BUFFER_PAGES;
import static farpage.emulator.selftest.Values.INDEX;

import farpage.mm.Errno;

/// A device has pages for itself, until a CPU wants them back.
///
/// @kernel mm/rmap.c: make_device_exclusive; lib/test_hmm.c: dmirror_exclusive
final class ExclusiveCases {
    private ExclusiveCases() {}

    private static TestPages takenByDevice(TestProgram program) {
        TestPages buffer = program.process().map(BUFFER_PAGES);
        buffer.store(INDEX);
        program.device().makeExclusive(buffer).copies(BUFFER_PAGES);
        buffer.expectMirror(INDEX);
        return buffer;
    }

    /// The process takes every page back, and the device knows.
    static void exclusiveAccess(TestProgram program) {
        TestPages buffer = takenByDevice(program);
        buffer.expectLoadsAndAdd(INDEX, 1);
        program.device().checkExclusive(buffer).succeeds();
    }

    /// A page that was the device's alone is no more writable than its mapping.
    static void exclusiveMprotect(TestProgram program) {
        TestPages buffer = takenByDevice(program);
        buffer.protect(READ);
        program.device().write(buffer).returns(Errno.EPERM);
    }

    /// A fork takes the pages back; parent and child write copies of their own.
    static void exclusiveCow(TestProgram program) {
        TestPages buffer = takenByDevice(program);
        TestProcess child = program.fork();
        TestPages inChild = buffer.in(child);
        child.start(() -> inChild.expectLoadsAndAdd(INDEX, 1));
        buffer.expectLoadsAndAdd(INDEX, 1);
        child.awaitExit();
    }
}
