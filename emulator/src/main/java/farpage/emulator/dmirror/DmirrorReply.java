package farpage.emulator.dmirror;

import farpage.mm.Errno;

/// The answer to a command. Both counts are 0 where there is an error: the driver hands its command
/// block back only on success.
///
/// @param errno OK, or why the command failed
/// @param copiedPages pages read, written, migrated or looked at
/// @param faults rounds of device faults, not pages
/// @kernel lib/test_hmm_uapi.h: struct hmm_dmirror_cmd, cpages and faults
public record DmirrorReply(Errno errno, long copiedPages, long faults) {
    /// A failed command.
    public static DmirrorReply failed(Errno errno) {
        assert !errno.isOk();
        return new DmirrorReply(errno, 0, 0);
    }

    /// A command that succeeded.
    public static DmirrorReply ok(long copiedPages, long faults) {
        return new DmirrorReply(Errno.OK, copiedPages, faults);
    }
}
