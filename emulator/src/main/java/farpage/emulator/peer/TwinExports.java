package farpage.emulator.peer;

import farpage.emulator.devmem.DeviceChunk;
import farpage.emulator.devmem.DeviceMemory;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.memory.FolioTable;
import farpage.mm.zonedevice.DevicePagemap;
import farpage.mm.zonedevice.DevicePagemapOps;
import farpage.mm.zonedevice.PagemapRegistration;
import farpage.mm.zonedevice.PagemapRequest;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A second page for each page of a chunk, of type PCI_P2PDMA and with a number that follows from
/// the first one's. Whoever has it holds a reference.
///
/// The two lives must be kept in step by hand. The memory manager frees the device-private page
/// without a look at the other one; if that still has references, its memory must not be used
/// again, so the folio is kept until the last of them goes.
///
/// @kernel drivers/pci/p2pdma.c: pci_p2pdma_add_resource
final class TwinExports extends PeerExports {
    /// The kernel's struct page.
    private static final int DESCRIPTOR_BYTES = 64;

    private final Machine machine;
    private final FolioTable folios;

    /// The second pages of each chunk, by the chunk's first page; under the lock.
    private final Map<Long, DevicePagemap> twins = new HashMap<>();

    /// Folios whose references are gone while a second page of theirs has some, by their first
    /// page; under the lock.
    private final TreeMap<Long, Kept> kept = new TreeMap<>();

    private static final class Kept {
        private final int order;
        private int waiting;

        Kept(int order, int waiting) {
            this.order = order;
            this.waiting = waiting;
        }
    }

    TwinExports(Machine machine, DeviceMemory memory) {
        super(memory);
        this.machine = machine;
        this.folios = machine.folios();
    }

    @Override
    public long dmaPage(long page) {
        lock.lock();
        try {
            return twinsLocked(memory.chunk(page)) == null ? Page.NONE : twin(page);
        } finally {
            lock.unlock();
        }
    }

    private static long twin(long page) {
        return Page.ofDevicePfn(Page.devicePfn(page) + Page.P2PDMA_DEVICE_PFN_MIN);
    }

    @Override
    boolean isDmaPage(long page) {
        return Page.isP2pdma(page);
    }

    @Override
    public long privatePage(long dmaPage) {
        return Page.ofDevicePfn(Page.devicePfn(dmaPage) - Page.P2PDMA_DEVICE_PFN_MIN);
    }

    /// The second pages of a chunk, made when the first of them is asked for.
    ///
    /// @return null if they can not be had
    private @Nullable DevicePagemap twinsLocked(DeviceChunk chunk) {
        long first = chunk.pagemap().page(0);
        DevicePagemap known = twins.get(first);
        if (known != null) {
            return known;
        }
        PagemapRequest request =
                PagemapRequest.p2pdma(twin(first), chunk.pageCount(), new TwinOps(), this);
        return switch (machine.memremapPages(request)) {
            case PagemapRegistration.Registered(DevicePagemap made) -> {
                twins.put(first, made);
                yield made;
            }
            case PagemapRegistration.Refused _ -> null;
        };
    }

    /// Its lock is held by who drops the last reference.
    private final class TwinOps implements DevicePagemapOps {
        @Override
        public void folioFree(long page, int order) {
            assert lock.isHeldByCurrentThread();
            long of = privatePage(page);
            Map.Entry<Long, Kept> entry = kept.floorEntry(of);
            if (entry == null || of >= entry.getKey() + (1L << entry.getValue().order)) {
                return;
            }
            Kept folio = entry.getValue();
            if (--folio.waiting == 0) {
                long first = entry.getKey();
                kept.remove(first);
                memory.free(first, folio.order);
            }
        }
    }

    @Override
    void mapLocked(long dmaPage) {
        if (isInUse(dmaPage)) {
            folios.get(dmaPage);
        } else {
            machine.pagemap(dmaPage).initPage(dmaPage);
        }
    }

    @Override
    void unmapLocked(long dmaPage) {
        machine.put(dmaPage);
    }

    private boolean isInUse(long dmaPage) {
        return folios.isKnown(dmaPage) && folios.refCount(dmaPage) > 0;
    }

    @Override
    boolean mayFreeLocked(long page, int order) {
        int waiting = 0;
        for (long at = page; at < page + (1L << order); at++) {
            waiting += isInUse(twin(at)) ? 1 : 0;
        }
        if (waiting > 0) {
            kept.put(page, new Kept(order, waiting));
        }
        return waiting == 0;
    }

    @Override
    public int mappings(long dmaPage) {
        return folios.isKnown(dmaPage) ? folios.refCount(dmaPage) : 0;
    }

    @Override
    public void chunkReleased(DeviceChunk chunk) {
        lock.lock();
        DevicePagemap gone = twins.remove(chunk.pagemap().page(0));
        lock.unlock();
        if (gone != null) {
            machine.memunmapPages(gone);
        }
    }

    @Override
    public long keptPages(DeviceChunk chunk) {
        lock.lock();
        try {
            long first = chunk.pagemap().page(0);
            long pages = 0;
            for (Kept folio : kept.subMap(first, first + chunk.pageCount()).values()) {
                pages += 1L << folio.order;
            }
            return pages;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int extraKernelBytesPerPage() {
        return DESCRIPTOR_BYTES;
    }
}
