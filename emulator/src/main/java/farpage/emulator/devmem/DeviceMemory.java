package farpage.emulator.devmem;

import farpage.emulator.copy.PageBuffers;
import farpage.mm.Check;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.memory.FolioOrders;
import farpage.mm.zonedevice.DevicePagemap;
import farpage.mm.zonedevice.PagemapRegistration;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// All memory of one device: chunks made on demand, up to a limit.
///
/// Pages are allocated and chunks come and go under the device's `DRIVER_SVM` lock only
/// ([#lock()]), so what was found free stays free until the holder takes it. Pages are freed at any
/// time.
///
/// From a page to its chunk it is one look into an array by the page's number, since pagemaps begin
/// at multiples of a section.
///
/// @kernel lib/test_hmm.c: dmirror_allocate_chunk, dmirror_devmem_alloc_page
public final class DeviceMemory implements PageBuffers {
    /// The size of a chunk where none is asked for.
    public static final long CHUNK_SIZE_DEFAULT = 256L << 20;

    /// Pages of a section of the memmap.
    private static final int SECTION_SHIFT = 15;

    private final Machine machine;
    private final ChunkSource source;
    private final long limitBytes;
    private final int chunkPages;
    private final FolioOrders orders;
    private final RankedLock lock = new RankedLock(LockRank.DRIVER_SVM);

    private volatile List<DeviceChunk> chunks = List.of();
    private volatile @Nullable DeviceChunk[] chunksBySection = new DeviceChunk[0];

    private final FolioTally folios = new FolioTally();
    private final LongAdder evictedPages = new LongAdder();
    private final LongAdder compactedPages = new LongAdder();

    private final EvictionOrder evictionOrder = new EvictionOrder();

    /// No chunk before this one had a free page when it was last looked at; pages freed since then
    /// lower it.
    private final AtomicInteger firstWithRoom = new AtomicInteger();

    private boolean refusedByDevice;

    /// Is told of each chunk that was given back, under the lock.
    private Consumer<DeviceChunk> onRelease = chunk -> {};

    /// @param source of the chunks; closed with this
    /// @param limitBytes the most bytes of all chunks together
    /// @param chunkBytes of one chunk
    /// @param maxAllocation the most bytes that the OpenCL device gives for one buffer
    /// @param orders of the folios that drivers may ask for
    /// @throws IllegalArgumentException if not even one page fits
    public DeviceMemory(
            Machine machine,
            ChunkSource source,
            long limitBytes,
            long chunkBytes,
            long maxAllocation,
            FolioOrders orders) {
        requireOnePage("device memory", limitBytes);
        requireOnePage("chunk size", chunkBytes);
        requireOnePage("largest buffer of the OpenCL device", maxAllocation);
        this.machine = machine;
        this.source = source;
        this.orders = orders;
        this.limitBytes = PageSize.alignDown(limitBytes);
        long chunk = Math.min(Math.min(chunkBytes, maxAllocation), limitBytes);
        this.chunkPages = (int) Math.min(PageSize.pageNumber(chunk), 1 << (Integer.SIZE - 2));
    }

    private static void requireOnePage(String what, long bytes) {
        if (bytes < PageSize.PAGE_SIZE) {
            throw new IllegalArgumentException(
                    what + ": value=" + bytes + " bytes, limit=one page, 4096 bytes");
        }
    }

    // The lock of the device's own migrations.

    /// Takes the lock under which pages are allocated and chunks change. It is outside the mmap
    /// lock.
    public void lock() {
        lock.lock();
    }

    public void unlock() {
        lock.unlock();
    }

    // Pages.

    /// The orders of the folios that may be allocated, tried from the highest that fits down.
    public FolioOrders orders() {
        return orders;
    }

    /// Makes chunks until that many pages are free, the limit is reached or the OpenCL device
    /// refuses. The lock is held.
    ///
    /// @return the pages that are free
    public long grow(long pageCount) {
        return grow(pageCount, 0);
    }

    /// Makes chunks until that many pages are free in folios of an order, the limit is reached or
    /// the OpenCL device refuses. The lock is held.
    ///
    /// @return the pages that are free in such folios
    public long grow(long pageCount, int order) {
        assert lock.isHeldByCurrentThread();
        long free = freePageCount(order);
        if (chunkPages >>> order == 0) {
            return free;
        }
        while (free < pageCount && addChunk()) {
            free = freePageCount(order);
        }
        return free;
    }

    /// Allocates folios for a migration: locked, with one reference each, aligned to their size
    /// both by number and in their chunk's buffer. Base pages allocated together lie in a row as
    /// far as free memory permits. It neither evicts nor makes chunks, so that it can not fail
    /// while folios are locked; see [#grow(long, int)] and [Evictor#gather(long, int, boolean)].
    /// The lock is held.
    ///
    /// @param pages takes the folios' first pages
    /// @param order of each folio, one of [#orders()]
    /// @return how many were allocated; if fewer than `count`, the caller may try the next lower
    ///   order for the rest
    public int allocate(long[] pages, int count, int order) {
        return allocate(pages, count, order, null);
    }

    /// The same, with what the driver keeps for each base page. For large folios it stores that
    /// itself.
    public int allocate(long[] pages, int count, int order, @Nullable Object data) {
        assert lock.isHeldByCurrentThread();
        if (!orders.contains(order)) {
            throw new IllegalArgumentException("order: value=" + order + ", limit=" + orders);
        }
        int filled =
                order == 0
                        ? allocatePages(pages, count, data)
                        : allocateFolios(pages, count, order);
        folios.countAllocated(order, filled);
        if (filled < count) {
            folios.countFallback(order, count - filled);
        }
        return filled;
    }

    /// A folio for what leaves a sparsely used block; whole free blocks are left alone. The lock is
    /// held.
    ///
    /// @return [Page#NONE] if the blocks in use have no room for it
    long allocateInUsedBlock(int order) {
        assert lock.isHeldByCurrentThread();
        for (DeviceChunk chunk : chunks) {
            long page = chunk.allocateInUsedBlock(order);
            if (page != Page.NONE) {
                folios.countAllocated(order, 1);
                return page;
            }
        }
        return Page.NONE;
    }

    private int allocateFolios(long[] pages, int count, int order) {
        int filled = 0;
        for (int i = 0; i < chunks.size() && filled < count; i++) {
            filled = chunks.get(i).allocateFolios(pages, filled, count, order);
        }
        return filled;
    }

    private int allocatePages(long[] pages, int count, @Nullable Object data) {
        int first = firstWithRoom.getAcquire();
        int filled = allocateFrom(first, pages, 0, count, data);
        if (filled < count && first > 0) {
            filled = allocateFrom(0, pages, filled, count, data);
        }
        return filled;
    }

    private int allocateFrom(int first, long[] pages, int from, int to, @Nullable Object data) {
        int filled = from;
        for (int i = first; i < chunks.size() && filled < to; i++) {
            filled = chunks.get(i).allocate(pages, filled, to, data);
            if (filled < to) {
                firstWithRoom.compareAndSet(i, i + 1);
            }
        }
        return filled;
    }

    /// The last reference to a folio went away. Needs no lock.
    ///
    /// @kernel lib/test_hmm.c: dmirror_devmem_free
    public void free(long page, int order) {
        DeviceChunk chunk = chunk(page);
        chunk.free(page, order);
        noteRoom(chunk);
        folios.countFreed(order, 1);
    }

    /// As [#free(long, int)] for base pages in a row, all of one chunk.
    public void freePages(long firstPage, int count) {
        DeviceChunk chunk = chunk(firstPage);
        chunk.freePages(firstPage, count);
        noteRoom(chunk);
        folios.countFreed(0, count);
    }

    /// The same for base pages that lie anywhere in one chunk, those at `[from, to)` of a list.
    public void freePages(long[] pages, int from, int to) {
        DeviceChunk chunk = chunk(pages[from]);
        chunk.freePages(pages, from, to);
        noteRoom(chunk);
        folios.countFreed(0, to - from);
    }

    /// Has a page never be handed out again as long as its chunk lives, because it is broken. Needs
    /// no lock.
    ///
    /// @return whether nobody uses it now
    public boolean retire(long page) {
        return chunk(page).retire(page);
    }

    /// A folio in use became smaller ones; each is freed by itself from now on. Needs no lock.
    ///
    /// @param order that it had
    /// @kernel lib/test_hmm.c: dmirror_devmem_folio_split
    public void noteSplit(int order) {
        folios.countSplit(order);
    }

    /// A hint only: who finds too little from it on looks at all chunks.
    private void noteRoom(DeviceChunk chunk) {
        int number = chunk.number();
        if (number < firstWithRoom.getAcquire()) {
            firstWithRoom.accumulateAndGet(number, Math::min);
        }
    }

    private boolean addChunk() {
        long used = PageSize.pageAddress(totalPageCount());
        int pages = (int) Math.min(chunkPages, PageSize.pageNumber(limitBytes - used));
        if (pages == 0) {
            return false;
        }
        ChunkSpace space;
        try {
            space = source.make(pages);
        } catch (ClException e) {
            if (!e.error().isOutOfMemory()) {
                throw e;
            }
            refusedByDevice = true;
            return false;
        }
        return switch (machine.memremapPages(space.request())) {
            case PagemapRegistration.Registered(DevicePagemap pagemap) -> {
                List<DeviceChunk> more = new ArrayList<>(chunks);
                more.add(newChunk(space, pagemap));
                publish(more);
                yield true;
            }
            case PagemapRegistration.Refused(Errno errno, String _) -> {
                space.giveBack().run();
                Check.that(errno != Errno.EINVAL, "a chunk's pages were refused as impossible");
                yield false;
            }
        };
    }

    private DeviceChunk newChunk(ChunkSpace space, DevicePagemap pagemap) {
        boolean made = false;
        try {
            DeviceChunk chunk = new DeviceChunk(machine, space, pagemap, evictionOrder);
            made = true;
            return chunk;
        } finally {
            if (!made) {
                machine.memunmapPages(pagemap);
                space.giveBack().run();
            }
        }
    }

    /// Index first, so that no page of a chunk can be met before its place is known.
    private void publish(List<DeviceChunk> next) {
        int sections = 0;
        for (int number = 0; number < next.size(); number++) {
            next.get(number).setNumber(number);
            sections = Math.max(sections, lastSection(next.get(number)) + 1);
        }
        @Nullable DeviceChunk[] index = new DeviceChunk[sections];
        for (DeviceChunk chunk : next) {
            for (int section = (int) (chunk.firstDevicePfn() >> SECTION_SHIFT);
                    section <= lastSection(chunk);
                    section++) {
                index[section] = chunk;
            }
        }
        chunksBySection = index;
        chunks = List.copyOf(next);
        firstWithRoom.set(0);
    }

    private static int lastSection(DeviceChunk chunk) {
        return (int) ((chunk.firstDevicePfn() + chunk.pageCount() - 1) >> SECTION_SHIFT);
    }

    // From a page to its place.

    /// Pages of a chunk; the last one may have fewer.
    public int chunkPageCount() {
        return chunkPages;
    }

    /// The chunk of a page of this device.
    public DeviceChunk chunk(long page) {
        DeviceChunk chunk = chunksBySection[(int) (Page.devicePfn(page) >> SECTION_SHIFT)];
        assert chunk != null : Page.describe(page) + " is not of this device";
        return chunk;
    }

    /// Whether a device page is one of this device.
    public boolean owns(long page) {
        @Nullable DeviceChunk[] index = chunksBySection;
        int section = (int) (Page.devicePfn(page) >> SECTION_SHIFT);
        DeviceChunk chunk = section < index.length ? index[section] : null;
        return chunk != null && chunk.pagemap().contains(page);
    }

    @Override
    public ClBuffer buffer(long page) {
        return chunk(page).whole();
    }

    @Override
    public long offset(long page) {
        return chunk(page).offset(page);
    }

    @Override
    public int pagesToEnd(long page) {
        return chunk(page).pagesToEnd(page);
    }

    /// The page whose bytes lie at an offset of a chunk's buffer.
    public static long page(DeviceChunk chunk, long offset) {
        return chunk.pagemap().page((int) PageSize.pageNumber(offset));
    }

    // Release.

    /// Has somebody told of each chunk that is given back, for what is kept beside its pages.
    public void setOnRelease(Consumer<DeviceChunk> listener) {
        onRelease = listener;
    }

    void removeReleased(DeviceChunk chunk) {
        assert lock.isHeldByCurrentThread();
        List<DeviceChunk> rest = new ArrayList<>(chunks);
        rest.remove(chunk);
        publish(rest);
        onRelease.accept(chunk);
    }

    /// All chunks are gone and none will come.
    public void close() {
        Check.that(chunks.isEmpty(), "device memory was closed with chunks left");
        source.close();
    }

    /// All chunks are gone: counting starts again.
    void resetCounters() {
        Check.that(chunks.isEmpty(), "counters were reset with chunks left");
        folios.reset();
        refusedByDevice = false;
    }

    void countEvicted(long pages) {
        evictedPages.add(pages);
    }

    void countCompacted(long pages) {
        compactedPages.add(pages);
    }

    EvictionOrder evictionOrder() {
        assert lock.isHeldByCurrentThread();
        return evictionOrder;
    }

    // For people and checks.

    /// The chunks there are, in the order of their making.
    public List<DeviceChunk> chunks() {
        return chunks;
    }

    public long limitBytes() {
        return limitBytes;
    }

    /// Whether the OpenCL device refused a buffer before the limit was reached.
    public boolean wasRefusedByDevice() {
        return refusedByDevice;
    }

    public long totalPageCount() {
        long pages = 0;
        for (DeviceChunk chunk : chunks) {
            pages += chunk.pageCount();
        }
        return pages;
    }

    public long freePageCount() {
        long pages = 0;
        for (DeviceChunk chunk : chunks) {
            pages += chunk.freePageCount();
        }
        return pages;
    }

    /// Pages that are free in pieces of which folios of an order can be made.
    public long freePageCount(int order) {
        if (order == 0) {
            return freePageCount();
        }
        long folioCount = 0;
        for (DeviceChunk chunk : chunks) {
            folioCount += chunk.freeFolioCount(order);
        }
        return folioCount << order;
    }

    private long retiredPageCount() {
        long pages = 0;
        for (DeviceChunk chunk : chunks) {
            pages += chunk.retiredPageCount();
        }
        return pages;
    }

    public DeviceMemoryStatistics statistics() {
        return new DeviceMemoryStatistics(
                limitBytes,
                chunks.size(),
                totalPageCount() - retiredPageCount(),
                freePageCount(),
                folios.allocatedPages(),
                folios.freedPages(),
                evictedPages.sum(),
                compactedPages.sum(),
                folios.counters());
    }
}
