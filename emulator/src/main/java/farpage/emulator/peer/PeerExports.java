package farpage.emulator.peer;

import farpage.emulator.devmem.DeviceChunk;
import farpage.emulator.devmem.DeviceMemory;
import farpage.mm.Machine;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import java.util.concurrent.atomic.AtomicLong;

/// The memory of one device as other devices use it: which page stands for which, and who has one.
///
/// A client maps a page after it has found, under its own table's lock, that what it looked up
/// still holds, and unmaps it when an invalidation takes it away, before that goes on. So a page
/// that is freed is mapped by nobody, as long as clients keep to this.
///
/// @kernel drivers/pci/p2pdma.c: struct pci_p2pdma
public abstract sealed class PeerExports permits UnifiedExports, TwinExports {
    /// Both mapping and freeing take it, under page tables' locks too.
    final RankedLock lock = new RankedLock(LockRank.PEER_PAGES);

    final DeviceMemory memory;

    /// Mappings by all clients, changed under the lock; read without, where nobody can be mapping
    /// the page in question.
    private final AtomicLong mappedCount = new AtomicLong();

    PeerExports(DeviceMemory memory) {
        this.memory = memory;
    }

    /// The exports of a device in a form.
    ///
    /// @throws IllegalArgumentException for the mode that has none
    public static PeerExports of(PeerMode mode, Machine machine, DeviceMemory memory) {
        return switch (mode) {
            case UNIFIED -> new UnifiedExports(memory);
            case TWO_PAGES -> new TwinExports(machine, memory);
            case OFF -> throw new IllegalArgumentException("mode: value=OFF, limit=another");
        };
    }

    /// The page by which others reach a device-private page; [farpage.mm.Page#NONE] if it can not
    /// be had.
    ///
    /// @kernel None: get_dma_pfn_for_device of the RFC
    public abstract long dmaPage(long page);

    /// Whether a page is of the kind by which others reach memory in this form.
    abstract boolean isDmaPage(long page);

    /// The device-private page that a page of [#dmaPage] stands for.
    public abstract long privatePage(long dmaPage);

    /// Counts a client's mapping of the page.
    public final void map(long dmaPage) {
        lock.lock();
        try {
            mappedCount.incrementAndGet();
            mapLocked(dmaPage);
        } finally {
            lock.unlock();
        }
    }

    /// A client has given a page up.
    public final void unmap(long dmaPage) {
        lock.lock();
        try {
            unmapLocked(dmaPage);
            mappedCount.decrementAndGet();
        } finally {
            lock.unlock();
        }
    }

    /// A folio of the device has no reference any more.
    ///
    /// @return whether its memory may be used again now; if not it is freed later
    /// @throws farpage.mm.Check.Broken if somebody has it and nothing keeps it for them
    public final boolean mayFree(long page, int order) {
        if (mappedCount.get() == 0) {
            return true;
        }
        lock.lock();
        try {
            return mayFreeLocked(page, order);
        } finally {
            lock.unlock();
        }
    }

    abstract void mapLocked(long dmaPage);

    abstract void unmapLocked(long dmaPage);

    abstract boolean mayFreeLocked(long page, int order);

    /// How many mappings of a page there are.
    public abstract int mappings(long dmaPage);

    /// A chunk of the device is gone, and with it what was kept for its pages.
    public abstract void chunkReleased(DeviceChunk chunk);

    /// Pages of a chunk that were freed but are kept, because somebody still has them.
    public abstract long keptPages(DeviceChunk chunk);

    /// Bytes of descriptors that the form needs for each page besides that of the device-private
    /// page, with the kernel's 64 bytes for one.
    public abstract int extraKernelBytesPerPage();

    /// Mappings by all clients.
    public final long mappedPages() {
        return mappedCount.get();
    }
}
