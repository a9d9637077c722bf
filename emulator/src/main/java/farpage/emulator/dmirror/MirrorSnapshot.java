package farpage.emulator.dmirror;

import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.hmm.HmmPfn;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// What one open file's device sees of its process, one [DmirrorProt] byte a page.
///
/// @kernel lib/test_hmm.c: dmirror_snapshot
final class MirrorSnapshot {
    private final Machine machine;
    private final DeviceMemory memory;
    private final ProcessMirror mirror;

    MirrorSnapshot(DeviceMemory memory, ProcessMirror mirror) {
        this.memory = memory;
        this.machine = mirror.mm().machine();
        this.mirror = mirror;
    }

    DmirrorReply take(long address, long pageCount, MemorySegment to) {
        long[] words = new long[ProcessMirror.RANGE_PAGES];
        byte[] prots = new byte[ProcessMirror.RANGE_PAGES];
        for (long done = 0; done < pageCount; ) {
            int step = (int) Math.min(ProcessMirror.RANGE_PAGES, pageCount - done);
            long start = address + PageSize.pageAddress(done);
            long end = start + PageSize.pageAddress(step);
            Errno errno = mirror.snapshot(start, end, words, () -> fill(words, prots, step));
            if (!errno.isOk()) {
                return DmirrorReply.failed(errno);
            }
            if (done + step > to.byteSize()) {
                return DmirrorReply.failed(Errno.EFAULT);
            }
            MemorySegment.copy(prots, 0, to, ValueLayout.JAVA_BYTE, done, step);
            done += step;
        }
        return DmirrorReply.ok(pageCount, 0);
    }

    private void fill(long[] words, byte[] prots, int count) {
        for (int page = 0; page < count; page++) {
            prots[page] = (byte) prot(words[page]);
        }
    }

    /// @kernel lib/test_hmm.c: dmirror_mkentry
    private int prot(long word) {
        if (HmmPfn.isError(word)) {
            return DmirrorProt.ERROR;
        }
        if (!HmmPfn.isValid(word)) {
            return DmirrorProt.NONE;
        }
        long page = HmmPfn.page(word);
        int prot = HmmPfn.isWritable(word) ? DmirrorProt.WRITE : DmirrorProt.READ;
        if (Page.isDevicePrivate(page)) {
            prot |=
                    memory.owns(page)
                            ? DmirrorProt.DEVICE_PRIVATE_LOCAL
                            : DmirrorProt.DEVICE_PRIVATE_REMOTE;
        } else if (Page.isP2pdma(page)) {
            prot |= DmirrorProt.DEVICE_PRIVATE_REMOTE;
        } else if (Page.isDeviceCoherent(page)) {
            prot |=
                    memory.owns(page)
                            ? DmirrorProt.DEVICE_COHERENT_LOCAL
                            : DmirrorProt.DEVICE_COHERENT_REMOTE;
        } else if (page == machine.zeroPage()) {
            prot |= DmirrorProt.ZERO;
        }
        return HmmPfn.order(word) == PageSize.HPAGE_PMD_ORDER ? prot | DmirrorProt.PMD : prot;
    }
}
