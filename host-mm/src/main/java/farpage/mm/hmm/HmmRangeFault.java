package farpage.mm.hmm;

import farpage.mm.Errno;
import farpage.mm.KernelDefect;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.fault.FaultFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFaultHandler;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import java.util.function.LongSupplier;

/// Fills an [HmmRange] with what is mapped, and faults in what is asked for.
///
/// The walk stops at the first page that needs a fault, handles the faults from there to the end of
/// that walk step, and begins again at that page, unless the notifier says that the range changed
/// meanwhile. So a page that is fine may be handled too, because one before it was not: that is
/// what the kernel does, and drivers' fault counts depend on it.
///
/// @kernel mm/hmm.c
public final class HmmRangeFault {
    private final HmmRange range;
    private final Mm mm;
    private final Machine machine;

    /// What a fault may do, of [FaultFlags].
    private final int faultFlags;

    private final long sequence;

    /// Whether pages of other devices may be answered as they are.
    private final boolean mayAllowP2p;

    /// Where the walk goes on after faults.
    private long last;

    /// Whether a fault gave the mmap lock up.
    private boolean unlocked;

    /// Whether the caller may write its own pages of files although no CPU may: the driver tells
    /// the file.
    private boolean writesFiles;

    private HmmRangeFault(HmmRange range, long sequence, int faultFlags) {
        this.range = range;
        this.mm = range.mm();
        this.machine = mm.machine();
        this.sequence = sequence;
        this.faultFlags = faultFlags;
        this.last = range.start();
        this.mayAllowP2p = range.mayAllowP2p();
    }

    /// The mmap lock is held, and stays so: a fault that somebody else would have to handle,
    /// through userfaultfd, is EFAULT.
    ///
    /// @return OK with every word filled; EBUSY if the range changed under the walk: begin again
    ///   with a new sequence; EFAULT for a page that can not be had; EPERM for a write to a VMA
    ///   that does not permit it
    /// @kernel mm/hmm.c: hmm_range_fault
    public static Errno fill(HmmRange range) {
        assert range.mm().isLocked();
        return new HmmRangeFault(range, range.notifierSequence(), FaultFlags.REMOTE).fill();
    }

    /// As [#fill], but takes the mmap lock and reads the sequence itself, begins again where the
    /// range changed, and lets faults give the lock up to wait for somebody else. Nothing is held.
    ///
    /// @param range its sequence means nothing
    /// @param timeoutNanos how long a range is tried that changes all the time, 0 for ever. The
    ///   time that a fault waited for somebody else does not count
    /// @return EBUSY when that time is over, else as for [#fill]
    /// @kernel mm/hmm.c: hmm_range_fault_unlocked_timeout
    public static HmmFill fillUnlocked(HmmRange range, long timeoutNanos, LongSupplier nanoClock) {
        long begin = nanoClock.getAsLong();
        while (timeoutNanos == 0 || nanoClock.getAsLong() - begin <= timeoutNanos) {
            long sequence = range.notifier().readBegin();
            HmmRangeFault walk =
                    new HmmRangeFault(range, sequence, FaultFlags.REMOTE | FaultFlags.ALLOW_RETRY);
            Errno errno = walk.lockAndFill();
            if (walk.unlocked) {
                begin = nanoClock.getAsLong();
            } else if (errno != Errno.EBUSY) {
                return new HmmFill(errno, sequence);
            }
        }
        return new HmmFill(Errno.EBUSY, 0);
    }

    private Errno lockAndFill() {
        mm.lockRead();
        try {
            return fill();
        } finally {
            if (!unlocked) {
                mm.unlockRead();
            }
        }
    }

    private Errno fill() {
        Errno result;
        do {
            if (range.notifier().readRetry(sequence)) {
                return Errno.EBUSY;
            }
            result = walk();
        } while (result == Errno.EBUSY && !unlocked);
        return result;
    }

    /// @return EBUSY after faults, with [#last] where to go on
    private Errno walk() {
        long at = last;
        while (at < range.end()) {
            Vma vma = mm.lookupVmaFrom(at);
            long stop;
            Errno result;
            if (vma == null || vma.start() > at) {
                stop = vma == null ? range.end() : Math.min(vma.start(), range.end());
                result = refuse(at, stop);
            } else {
                stop = Math.min(vma.end(), range.end());
                result = isMirrorable(vma) ? walkVma(vma, at, stop) : refuse(at, stop);
            }
            if (!result.isOk()) {
                return result;
            }
            at = stop;
        }
        return Errno.OK;
    }

    private static boolean isMirrorable(Vma vma) {
        return (vma.flags() & (VmFlags.IO | VmFlags.PFNMAP)) == 0 && vma.isReadable();
    }

    /// No page can be had in `[start, end)`.
    private Errno refuse(long start, long end) {
        for (int page = range.index(start); page < range.index(end); page++) {
            if (range.need(page) != 0) {
                return Errno.EFAULT;
            }
        }
        for (int page = range.index(start); page < range.index(end); page++) {
            store(page, HmmPfn.ERROR);
        }
        return Errno.OK;
    }

    private Errno walkVma(Vma vma, long start, long end) {
        writesFiles = machine.filesOnDevices().movesPages() && vma.isShared() && vma.isWritable();
        for (long at = start; at < end; ) {
            long stop = PageTable.leafEnd(at, end);
            PageTableLeaf leaf = mm.pageTable().lookupLeaf(at);
            Errno result = leaf == null ? hole(vma, at, stop) : walkLeaf(vma, leaf, at, stop);
            if (!result.isOk()) {
                return result;
            }
            at = stop;
        }
        return Errno.OK;
    }

    private Errno hole(Vma vma, long start, long end) {
        long need = 0;
        for (int page = range.index(start); page < range.index(end); page++) {
            need |= range.need(page);
        }
        if (need != 0) {
            return fault(vma, start, end, need);
        }
        for (int page = range.index(start); page < range.index(end); page++) {
            store(page, 0);
        }
        return Errno.OK;
    }

    private Errno walkLeaf(Vma vma, PageTableLeaf leaf, long start, long end) {
        int slot = PageTableLeaf.slot(start);
        int skipped = machine.has(KernelDefect.HMM_DEVICE_PMD_WITHOUT_OFFSET) ? slot : 0;
        for (long at = start; at < end; at += PageSize.PAGE_SIZE, slot++) {
            int page = range.index(at);
            long entry = leaf.entryAcquire(slot);
            long need = range.need(page);
            boolean huge = leaf.isHugeAcquire();
            if (mayAllowP2p && storePeer(page, entry, huge ? PageSize.HPAGE_PMD_ORDER : 0)) {
                continue;
            }
            long word = word(entry, huge ? PageSize.HPAGE_PMD_ORDER : 0);
            if (huge && isOwnDevicePage(entry)) {
                word -= skipped;
            }
            boolean satisfied =
                    need == 0
                            || isOwnDevicePage(entry)
                            || HmmPfn.isValid(word)
                                    && ((need & HmmPfn.REQ_WRITE) == 0 || HmmPfn.isWritable(word));
            if (satisfied) {
                store(page, word);
                continue;
            }
            if (HmmPfn.isError(word) && !PageTableEntry.isDevicePrivate(entry)) {
                return Errno.EFAULT;
            }
            return switch (PageTableEntry.shape(entry)) {
                case MIGRATION -> awaitMigration(at, entry);
                case HWPOISON, MARKER -> Errno.EFAULT;
                case NONE, PRESENT, SWAP, DEVICE_PRIVATE, DEVICE_EXCLUSIVE ->
                        fault(vma, at, end, need);
            };
        }
        return Errno.OK;
    }

    /// What an entry gives without a fault.
    ///
    /// @param order of the mapping, which may be less than that of the folio
    private long word(long entry, int order) {
        if (isForeign(entry)) {
            return HmmPfn.ERROR;
        }
        if (order > 0 && PageTableEntry.isDevicePrivate(entry) && !isOwnDevicePage(entry)) {
            return HmmPfn.ERROR; // said of a huge mapping only
        }
        if (PageTableEntry.isReadable(entry)) {
            return HmmPfn.of(PageTableEntry.page(entry), PageTableEntry.isWritable(entry), order);
        }
        return isOwnDevicePage(entry)
                ? HmmPfn.of(
                        PageTableEntry.page(entry),
                        PageTableEntry.isWritableDevicePrivate(entry) || writesFiles,
                        order)
                : 0;
    }

    /// A special mapping that is not the zero page: there is no page behind it to speak of.
    private boolean isForeign(long entry) {
        return PageTableEntry.isSpecial(entry) && !machine.isZeroPage(PageTableEntry.page(entry));
    }

    /// A page of the caller's own device is answered as it is, and never faulted: not even for a
    /// write that its entry does not permit.
    private boolean isOwnDevicePage(long entry) {
        return PageTableEntry.isDevicePrivate(entry)
                && machine.pagemap(PageTableEntry.page(entry))
                        .isOwnedBy(range.devicePrivateOwner());
    }

    /// Answers a page of another device with the page by which its memory is reached, if that is
    /// asked for and its driver has one: it is not faulted, not even for a write that its entry
    /// does not permit.
    private boolean storePeer(int page, long entry, int order) {
        long peer = peerPage(page, entry);
        if (peer == Page.NONE) {
            return false;
        }
        boolean writable = PageTableEntry.isWritableDevicePrivate(entry);
        store(page, HmmPfn.of(peer, writable, order) | HmmPfn.ALLOW_P2P);
        return true;
    }

    private long peerPage(int page, long entry) {
        if (!range.allowsP2p(page)
                || !PageTableEntry.isDevicePrivate(entry)
                || isOwnDevicePage(entry)) {
            return Page.NONE;
        }
        long devicePage = PageTableEntry.page(entry);
        return machine.pagemap(devicePage).privateOps().dmaPageForDevice(devicePage);
    }

    /// @kernel mm/hmm.c: hmm_vma_fault
    private Errno fault(Vma vma, long start, long end, long need) {
        last = start;
        boolean write = (need & HmmPfn.REQ_WRITE) != 0;
        if (write && !vma.isWritable()) {
            return Errno.EPERM;
        }
        int flags = write ? faultFlags | FaultFlags.WRITE : faultFlags;
        for (long at = start; at < end; at += PageSize.PAGE_SIZE) {
            if (mayAllowP2p && at > start && isPeer(at)) {
                return Errno.EBUSY;
            }
            FaultResult result = PageFaultHandler.handleLocked(vma, at, flags);
            if (result == FaultResult.RETRY) {
                unlocked = true;
                return Errno.EBUSY;
            }
            if (result.isError()) {
                return Errno.EFAULT;
            }
        }
        return Errno.EBUSY;
    }

    /// Whether a page that was not looked at yet is taken from another device as it is, so that it
    /// must not be faulted on behalf of one before it.
    private boolean isPeer(long address) {
        PageTableLeaf leaf = mm.pageTable().lookupLeaf(address);
        return leaf != null
                && peerPage(range.index(address), leaf.entryAcquire(PageTableLeaf.slot(address)))
                        != Page.NONE;
    }

    private Errno awaitMigration(long address, long entry) {
        last = address;
        machine.folios().waitUnlocked(PageTableEntry.page(entry));
        return Errno.EBUSY;
    }

    private void store(int page, long word) {
        range.hmmPfns()[page] = range.hmmPfns()[page] & HmmPfn.KEPT | word;
    }
}
