package farpage.emulator.dmirror;

import farpage.emulator.copy.AccessBatch;
import farpage.emulator.copy.CopyEngine;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.mirror.ProcessMirror;
import farpage.emulator.peer.PeerClient;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageBytes;
import farpage.mm.PageSize;
import farpage.mm.memory.FolioFlags;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The device's loads and stores for one open file, through the device's page table.
///
/// The bytes of a page on the device, or of a node that is the device's memory, move by OpenCL
/// transfers, those of a page that another device keeps too ([PeerAccess]), and those of any other
/// system page, or of another device's coherent memory, as the CPU would move them. All that
/// happens under the lock of the table, which is what keeps the page where the table says: an
/// invalidation waits until the access is over. So the wait for a transfer under `DRIVER_UPDATE` is
/// the access itself; no other wait happens there.
///
/// @kernel lib/test_hmm.c: dmirror_read, dmirror_write
final class MirrorAccess {
    private final Machine machine;
    private final DeviceMemory memory;
    private final CopyEngine engine;
    private final ProcessMirror mirror;

    /// The device's transfers of one round, under the table's lock.
    private final AccessBatch transfers = new AccessBatch();

    /// The device's transfers of one round in others' memory; null where it uses none.
    private final @Nullable PeerAccess peers;

    MirrorAccess(
            DeviceMemory memory,
            CopyEngine engine,
            ProcessMirror mirror,
            @Nullable PeerClient peers) {
        this.peers = peers == null ? null : new PeerAccess(peers);
        this.machine = mirror.mm().machine();
        this.memory = memory;
        this.engine = engine;
        this.mirror = mirror;
    }

    /// How a page that the device has no entry for is faulted in.
    @FunctionalInterface
    interface FaultIn {
        /// Faults in `[start, end)` and enters it in the table.
        Errno faultIn(long start, long end);
    }

    /// Loads pages. A buffer that is too small is noticed when the pages are at hand, as a bad
    /// pointer is.
    ///
    /// @kernel lib/test_hmm.c: dmirror_read
    DmirrorReply read(long address, long pageCount, MemorySegment to, FaultIn fault) {
        if (exceedsBounce(pageCount)) {
            return DmirrorReply.failed(Errno.ENOMEM);
        }
        boolean fits = fits(pageCount, to);
        DmirrorReply reply = access(address, pageCount, fits ? to : null, false, fault);
        return reply.errno().isOk() && !fits ? DmirrorReply.failed(Errno.EFAULT) : reply;
    }

    /// Stores pages. A buffer that is too small is noticed first.
    ///
    /// @kernel lib/test_hmm.c: dmirror_write
    DmirrorReply write(long address, long pageCount, MemorySegment from, FaultIn fault) {
        if (exceedsBounce(pageCount)) {
            return DmirrorReply.failed(Errno.ENOMEM);
        }
        if (!fits(pageCount, from)) {
            return DmirrorReply.failed(Errno.EFAULT);
        }
        return access(address, pageCount, from, true, fault);
    }

    /// Loads pages that are all in the table; ENOENT if not.
    ///
    /// @kernel lib/test_hmm.c: the end of dmirror_migrate_to_device and dmirror_exclusive
    DmirrorReply readPresent(long address, long pageCount, MemorySegment to) {
        if (exceedsBounce(pageCount)) {
            return DmirrorReply.failed(Errno.ENOMEM);
        }
        boolean fits = fits(pageCount, to);
        Round round = round(address, 0, pageCount, fits ? to : null, false);
        if (!round.errno().isOk()) {
            return DmirrorReply.failed(round.errno());
        }
        if (round.donePages() < pageCount) {
            return DmirrorReply.failed(Errno.ENOENT);
        }
        return fits ? DmirrorReply.ok(pageCount, 0) : DmirrorReply.failed(Errno.EFAULT);
    }

    /// The driver's own buffer is kernel memory: none has more pages than there is RAM.
    ///
    /// @kernel lib/test_hmm.c: dmirror_bounce_init
    private boolean exceedsBounce(long pageCount) {
        return Long.compareUnsigned(pageCount, machine.ram().pageCount()) > 0;
    }

    private static boolean fits(long pageCount, MemorySegment buffer) {
        return Long.compareUnsigned(pageCount, PageSize.pageNumber(buffer.byteSize())) <= 0;
    }

    private DmirrorReply access(
            long address,
            long pageCount,
            @Nullable MemorySegment buffer,
            boolean write,
            FaultIn fault) {
        long end = address + PageSize.pageAddress(pageCount);
        long done = 0;
        long faults = 0;
        while (true) {
            Round round = round(address, done, pageCount, buffer, write);
            if (!round.errno().isOk()) {
                return DmirrorReply.failed(round.errno());
            }
            done = round.donePages();
            if (done == pageCount) {
                return DmirrorReply.ok(done, faults);
            }
            Errno errno = fault.faultIn(address + PageSize.pageAddress(done), end);
            if (!errno.isOk()) {
                return DmirrorReply.failed(errno);
            }
            faults++;
        }
    }

    /// How far one round came.
    private record Round(Errno errno, long donePages) {}

    /// Accesses pages from `done` on, up to the first one that the table does not permit.
    ///
    /// @param buffer null only to look at the table
    /// @kernel lib/test_hmm.c: dmirror_do_read, dmirror_do_write
    private Round round(
            long address,
            long done,
            long pageCount,
            @Nullable MemorySegment buffer,
            boolean write) {
        DevicePageTable table = mirror.table();
        long firstPage = PageSize.pageNumber(address);
        table.lock();
        try {
            transfers.clear();
            if (peers != null) {
                peers.clear();
            }
            long at = done;
            for (; at < pageCount; at++) {
                long entry = table.entryLocked(firstPage + at);
                if (!(write ? DevicePte.isWritable(entry) : DevicePte.isPresent(entry))) {
                    break;
                }
                if (buffer != null
                        && !accessEntry(entry, buffer, PageSize.pageAddress(at), write)) {
                    return new Round(Errno.EIO, at);
                }
            }
            boolean moved =
                    buffer == null
                            || transfer(buffer, write)
                                    && (peers == null || peers.transfer(buffer, write));
            return new Round(moved ? Errno.OK : Errno.EIO, at);
        } finally {
            table.unlock();
        }
    }

    private boolean transfer(MemorySegment buffer, boolean write) {
        if (transfers.isEmpty()) {
            return true;
        }
        CopyResult result =
                write ? engine.write(transfers, buffer) : engine.read(transfers, buffer);
        return result.isCopied();
    }

    /// @return false if the memory of another device failed
    private boolean accessEntry(long entry, MemorySegment buffer, long offset, boolean write) {
        long page = DevicePte.page(entry);
        if (peers != null && DevicePte.isPeer(entry)) {
            peers.add(page, offset);
            return true;
        }
        return accessPage(page, buffer, offset, write);
    }

    /// Lists a page of the device's own; any other is accessed at once, as the CPU would. Only
    /// coherent pages of other devices are ever met. The process's entry does not tell of the
    /// device's stores, so the folio is marked dirty: reclaim must not take it for unchanged.
    ///
    /// @return false if the memory of another device failed
    private boolean accessPage(long page, MemorySegment buffer, long offset, boolean write) {
        if (Page.isDevicePrivate(page) || Page.isDeviceCoherent(page) && memory.owns(page)) {
            if (write) {
                mirror.noteWrittenLocked(page);
            }
            transfers.add(page, offset, memory.pagesToEnd(page));
            return true;
        }
        PageBytes bytes = machine.pageBytes();
        if (write) {
            machine.folios().setFlag(page, FolioFlags.DIRTY);
        }
        if (engine.ownsNodeOf(page)) {
            transfers.add(page, offset, engine.nodePagesToEnd(page));
            return true;
        }
        return write
                ? bytes.store(page, 0, buffer, offset, PageSize.PAGE_SIZE)
                : bytes.load(page, 0, buffer, offset, PageSize.PAGE_SIZE);
    }
}
