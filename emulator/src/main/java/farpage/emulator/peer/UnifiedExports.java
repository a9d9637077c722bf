package farpage.emulator.peer;

import farpage.emulator.devmem.DeviceChunk;
import farpage.emulator.devmem.DeviceMemory;
import farpage.mm.Check;
import farpage.mm.Page;
import java.util.HashMap;
import java.util.Map;

/// The page itself is what others map. No reference is taken: it is theirs until the notifier says
/// otherwise. The counts here are no part of the proposal; they notice a client that keeps a page
/// too long.
///
/// @kernel None: proposed in 2024 as get_dma_pfn_for_device
final class UnifiedExports extends PeerExports {
    /// Mappings of each page of a chunk, by the chunk's first page; under the lock.
    private final Map<Long, int[]> counts = new HashMap<>();

    UnifiedExports(DeviceMemory memory) {
        super(memory);
    }

    @Override
    public long dmaPage(long page) {
        return page;
    }

    @Override
    boolean isDmaPage(long page) {
        return Page.isDevicePrivate(page);
    }

    @Override
    public long privatePage(long dmaPage) {
        return dmaPage;
    }

    private int[] countsLocked(DeviceChunk chunk) {
        return counts.computeIfAbsent(chunk.pagemap().page(0), _ -> new int[chunk.pageCount()]);
    }

    @Override
    void mapLocked(long dmaPage) {
        DeviceChunk chunk = memory.chunk(dmaPage);
        countsLocked(chunk)[chunk.pagemap().index(dmaPage)]++;
    }

    @Override
    void unmapLocked(long dmaPage) {
        DeviceChunk chunk = memory.chunk(dmaPage);
        int[] ofChunk = countsLocked(chunk);
        int index = chunk.pagemap().index(dmaPage);
        Check.that(ofChunk[index] > 0, "a page was given up that nobody has");
        ofChunk[index]--;
    }

    @Override
    boolean mayFreeLocked(long page, int order) {
        DeviceChunk chunk = memory.chunk(page);
        int[] ofChunk = countsLocked(chunk);
        int first = chunk.pagemap().index(page);
        for (int index = first; index < first + (1 << order); index++) {
            if (ofChunk[index] > 0) {
                throw Check.broken(
                        Page.describe(chunk.pagemap().page(index))
                                + " is freed, but another device has it");
            }
        }
        return true;
    }

    @Override
    public int mappings(long dmaPage) {
        lock.lock();
        try {
            DeviceChunk chunk = memory.chunk(dmaPage);
            return countsLocked(chunk)[chunk.pagemap().index(dmaPage)];
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void chunkReleased(DeviceChunk chunk) {
        lock.lock();
        counts.remove(chunk.pagemap().page(0));
        lock.unlock();
    }

    @Override
    public long keptPages(DeviceChunk chunk) {
        return 0;
    }

    @Override
    public int extraKernelBytesPerPage() {
        return 0;
    }
}
