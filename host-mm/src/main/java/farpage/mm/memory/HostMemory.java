package farpage.mm.memory;

import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.lock.LockRank;
import java.lang.foreign.MemorySegment;

/// The RAM of the machine: its bytes, off the Java heap in one 2 MiB-aligned stretch, and the
/// allocator of its frames. PFN 0 is the first frame. The bytes of a frame lie at `pfn <<
/// PAGE_SHIFT` in [#segment()].
///
/// A frame that is handed out holds whatever its last user left; who needs zeros asks for them.
///
/// @kernel mm/page_alloc.c: struct zone
public final class HostMemory implements AutoCloseable {
    private static final long SIZE_LIMIT = 1L << 42;

    private final NativeRegion region;
    private final BuddyAllocator zone;

    /// @param size bytes of RAM, rounded down to pages
    public HostMemory(long size) {
        if (size < PageSize.PAGE_SIZE || size > SIZE_LIMIT) {
            throw new IllegalArgumentException(
                    "memory: value=" + size + " bytes, limit=4096 to " + SIZE_LIMIT);
        }
        int pageCount = Math.toIntExact(PageSize.pageNumber(size));
        this.zone = new BuddyAllocator(LockRank.ZONE, pageCount);
        // Last, so that nothing after it can fail and leave it mapped.
        this.region = new NativeRegion(PageSize.pageAddress(pageCount));
    }

    /// All of RAM. A driver may have its device use it in place.
    public MemorySegment segment() {
        return region.segment();
    }

    /// Where the bytes of a system page begin in [#segment()].
    public static long offset(long page) {
        return PageSize.pageAddress(Page.pfn(page));
    }

    public MemorySegment bytes(long page) {
        return region.segment().asSlice(offset(page), PageSize.PAGE_SIZE);
    }

    /// The first page of a block of `1 << order` frames, or [Page#NONE]. The caller initialises its
    /// folio.
    public long allocate(int order) {
        int frame = zone.allocate(order);
        return frame < 0 ? Page.NONE : Page.ofPfn(frame);
    }

    /// Allocates single frames, ascending where free memory permits.
    ///
    /// @return how many; fewer than `count` if memory is out
    public int allocateBatch(long[] pages, int count) {
        return zone.allocateBatch(pages, 0, count, Page.ofPfn(0));
    }

    /// Gives base pages with consecutive numbers back.
    public void freeRun(long firstPage, int count) {
        zone.freeRun((int) Page.pfn(firstPage), count);
    }

    /// Gives base pages back, those at `[from, to)` of a list.
    public void freeAll(long[] pages, int from, int to) {
        zone.freeAll(pages, from, to, 0);
    }

    public void free(long page, int order) {
        zone.free((int) Page.pfn(page), order);
    }

    /// Takes a given page out of free memory for good.
    ///
    /// @return false if it is in use
    public boolean takeFree(long page) {
        return zone.take((int) Page.pfn(page));
    }

    public void zero(long page, int order) {
        region.segment().asSlice(offset(page), (long) PageSize.PAGE_SIZE << order).fill((byte) 0);
    }

    public void copy(long fromPage, long toPage) {
        MemorySegment.copy(
                region.segment(),
                offset(fromPage),
                region.segment(),
                offset(toPage),
                PageSize.PAGE_SIZE);
    }

    public int pageCount() {
        return zone.pageCount();
    }

    public int freePageCount() {
        return zone.freePageCount();
    }

    public boolean isFree(long page) {
        return zone.isFree((int) Page.pfn(page));
    }

    @Override
    public void close() {
        region.close();
    }
}
