package farpage.emulator.selftest;

import static farpage.emulator.selftest.TestProcess.NONE;
import static farpage.emulator.selftest.TestProcess.READ;
import static farpage.emulator.selftest.TestProcess.READ_WRITE;
import static farpage.emulator.selftest.Values.INDEX;
import static farpage.emulator.selftest.Values.ZERO;

/// What a device may know of pages, and two devices at the same pages.
///
/// @kernel lib/test_hmm.c: dmirror_snapshot
final class SnapshotCases {
    private SnapshotCases() {}

    /// A page of each kind: no access, nothing mapped, zeros, read-only, written, and one on each
    /// device.
    static void snapshot(TestProgram program) {
        TestPages buffer = program.process().map(7, NONE);
        buffer.page(1).unmap();
        buffer.page(2).protect(READ);
        buffer.page(2).expectLoads(ZERO);
        buffer.page(3).protect(READ_WRITE);
        buffer.page(3).store(Values.constant(3));
        buffer.page(3).protect(READ);
        buffer.part(4, 7).protect(READ_WRITE);
        buffer.page(4).store(Values.constant(4));
        program.device(0).migrateToDevice(buffer.page(5)).copies(1);
        program.device(1).migrateToDevice(buffer.page(6)).copies(1);

        String onDevices = program.isCoherent() ? "42 52" : program.seesPeers() ? "22 32" : "22 00";
        Expect.equal("ff ff 11 01 02 " + onDevices, program.device(0).snapshot(buffer), "snapshot");
    }

    /// Both devices map the same pages; when one takes them over the other loses them, and gets
    /// them again.
    static void doubleMap(TestProgram program) {
        TestPages buffer = program.process().map(6);
        buffer.store(INDEX);
        buffer.protect(READ);
        readBy(program.device(0), buffer);
        readBy(program.device(1), buffer);

        buffer.fillMirror(ZERO);
        program.device(1).migrateToDevice(buffer).copies(6);
        buffer.expectMirror(INDEX);

        readBy(program.device(0), buffer);
    }

    private static void readBy(DeviceFile device, TestPages buffer) {
        buffer.fillMirror(ZERO);
        device.read(buffer).copies(6).faults(1);
        buffer.expectMirror(INDEX);
    }
}
