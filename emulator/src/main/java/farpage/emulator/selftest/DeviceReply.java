package farpage.emulator.selftest;

import farpage.emulator.dmirror.DmirrorReply;
import farpage.mm.Errno;

/// A device's answer to a command, to be compared.
///
/// @kernel lib/test_hmm_uapi.h: struct hmm_dmirror_cmd
final class DeviceReply {
    private final DmirrorReply reply;

    DeviceReply(DmirrorReply reply) {
        this.reply = reply;
    }

    /// It succeeded and counted that many pages.
    DeviceReply copies(long pageCount) {
        succeeds();
        Expect.equal(pageCount, reply.copiedPages(), "cpages");
        return this;
    }

    /// It succeeded and took that many rounds of device faults.
    DeviceReply faults(long rounds) {
        succeeds();
        Expect.equal(rounds, reply.faults(), "faults");
        return this;
    }

    DeviceReply succeeds() {
        return returns(Errno.OK);
    }

    DeviceReply returns(Errno errno) {
        Expect.equal(errno.describe(), reply.errno().describe(), "ret");
        return this;
    }

    boolean isSuccess() {
        return reply.errno().isOk();
    }
}
