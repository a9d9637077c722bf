package farpage.emulator.selftest;

import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.svm.MigrationResult;
import farpage.mm.PageSize;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;

/// A device file that a process has open.
///
/// @kernel lib/test_hmm_uapi.h: HMM_DMIRROR_READ and the others
final class DeviceFile {
    private final Dmirror mirror;

    DeviceFile(Dmirror mirror) {
        this.mirror = mirror;
    }

    /// The device loads the pages into the pages' mirror.
    DeviceReply read(TestPages pages) {
        return execute(new DmirrorCommand.Read(pages.address(), pages.pageCount(), pages.mirror()));
    }

    /// The same where the program may have to handle the faults itself.
    DeviceReply readUnlocked(TestPages pages) {
        return execute(
                new DmirrorCommand.ReadUnlocked(
                        pages.address(), pages.pageCount(), pages.mirror()));
    }

    /// The device stores the mirror to the pages.
    DeviceReply write(TestPages pages) {
        return execute(
                new DmirrorCommand.Write(pages.address(), pages.pageCount(), pages.mirror()));
    }

    /// The pages migrate to the device, and their bytes come into the mirror.
    DeviceReply migrateToDevice(TestPages pages) {
        return execute(
                new DmirrorCommand.MigrateToDevice(
                        pages.address(), pages.pageCount(), pages.mirror()));
    }

    DeviceReply migrateToSystem(TestPages pages) {
        return execute(new DmirrorCommand.MigrateToSystem(pages.address(), pages.pageCount()));
    }

    /// Moves everything on the device back, of every process.
    DeviceReply release(TestPages pages) {
        return execute(new DmirrorCommand.Release(pages.address(), pages.pageCount()));
    }

    /// Takes the pages for the device alone, and their bytes into the mirror.
    DeviceReply makeExclusive(TestPages pages) {
        return execute(
                new DmirrorCommand.Exclusive(pages.address(), pages.pageCount(), pages.mirror()));
    }

    /// Asks whether all pages were taken back.
    DeviceReply checkExclusive(TestPages pages) {
        return execute(new DmirrorCommand.CheckExclusive(pages.address(), pages.pageCount()));
    }

    /// The next allocation of a migration, in either direction, fails.
    void failNextAllocation(TestPages pages) {
        execute(new DmirrorCommand.Flags(pages.address(), DmirrorCommand.Flags.FAIL_ALLOC))
                .succeeds();
    }

    /// The pages migrate to the device, and nobody looks at them there.
    void migrateToDeviceOnly(TestPages pages) {
        MigrationResult result = mirror.migrateToDevice(pages.address(), pages.pageCount());
        Expect.equal("0", result.errno().describe(), "ret");
    }

    /// What the device may know of each page: two hexadecimal digits a page, with blanks.
    String snapshot(TestPages pages) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(pages.pageCount());
            execute(new DmirrorCommand.Snapshot(pages.address(), pages.pageCount(), bytes))
                    .copies(pages.pageCount());
            return HexFormat.ofDelimiter(" ").formatHex(bytes.toArray(ValueLayout.JAVA_BYTE));
        }
    }

    private DeviceReply execute(DmirrorCommand command) {
        assert PageSize.isAligned(command.address());
        return new DeviceReply(mirror.execute(command));
    }

    void close() {
        mirror.close();
    }
}
