package farpage.mm.memory;

import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.lock.LockRank;
import java.lang.foreign.MemorySegment;

/// The memory of the machine's nodes: its bytes, off the Java heap in one 2 MiB-aligned stretch,
/// and an allocator of frames for each node. PFN 0 is the first frame of node 0, and the frames of
/// each further node follow those of the one before it. The bytes of a frame lie at `pfn <<
/// PAGE_SHIFT` in [#segment()], whatever its node.
///
/// A frame that is handed out holds whatever its last user left; who needs zeros asks for them.
///
/// @kernel mm/page_alloc.c: struct zone; include/linux/mmzone.h: struct pglist_data
public final class HostMemory implements AutoCloseable {
    private static final long SIZE_LIMIT = 1L << 42;

    /// What the sizes of nodes are multiples of where there are several, so that every block of
    /// every order lies in one node and there are no holes between them.
    public static final long NODE_ALIGNMENT = (long) PageSize.PAGE_SIZE << BuddyAllocator.MAX_ORDER;

    private final NativeRegion region;

    /// That of node 0, which is all there is on most machines.
    private final BuddyAllocator zone;

    /// By node, and where each begins.
    private final BuddyAllocator[] zones;

    private final int[] firstFrames;
    private final int pageCount;

    /// One node.
    ///
    /// @param size bytes of RAM, rounded down to pages
    public HostMemory(long size) {
        this(new long[] {size});
    }

    /// Several nodes.
    ///
    /// @param sizes bytes of each node, of node 0 first; multiples of [#NODE_ALIGNMENT] unless
    ///   there is only one
    public HostMemory(long... sizes) {
        this.zones = new BuddyAllocator[sizes.length];
        this.firstFrames = new int[sizes.length];
        int frames = 0;
        for (int node = 0; node < sizes.length; node++) {
            checkSize(sizes[node], sizes.length > 1);
            firstFrames[node] = frames;
            int count = Math.toIntExact(PageSize.pageNumber(sizes[node]));
            zones[node] = new BuddyAllocator(LockRank.ZONE, count);
            frames = Math.addExact(frames, count);
        }
        this.zone = zones[0];
        this.pageCount = frames;
        // Last, so that nothing after it can fail and leave it mapped.
        this.region = new NativeRegion(PageSize.pageAddress(pageCount));
    }

    private static void checkSize(long size, boolean aligned) {
        if (size < PageSize.PAGE_SIZE || size > SIZE_LIMIT) {
            throw new IllegalArgumentException(
                    "memory: value=" + size + " bytes, limit=4096 to " + SIZE_LIMIT);
        }
        if (aligned && size % NODE_ALIGNMENT != 0) {
            throw new IllegalArgumentException(
                    "memory of a node: value="
                            + size
                            + " bytes, limit=multiples of "
                            + NODE_ALIGNMENT
                            + " where there is more than one node");
        }
    }

    /// How many nodes there are.
    public int nodeCount() {
        return zones.length;
    }

    /// The node of a system page.
    ///
    /// @kernel include/linux/mm.h: folio_nid
    public int node(long page) {
        long frame = Page.pfn(page);
        int node = zones.length - 1;
        while (frame < firstFrames[node]) {
            node--;
        }
        return node;
    }

    /// The first page of a node.
    public long firstPage(int node) {
        return Page.ofPfn(firstFrames[node]);
    }

    /// Pages of one node.
    public int pageCount(int node) {
        return zones[node].pageCount();
    }

    /// Free pages of one node, as [BuddyAllocator#freePageCount()].
    public int freePageCount(int node) {
        return zones[node].freePageCount();
    }

    /// All memory. A driver may have its device use it in place.
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

    /// The first page of a block of `1 << order` frames of node 0, or [Page#NONE]. The caller
    /// initialises its folio.
    public long allocate(int order) {
        int frame = zone.allocate(order);
        return frame < 0 ? Page.NONE : Page.ofPfn(frame);
    }

    /// The same of a given node.
    public long allocateOn(int node, int order) {
        int frame = zones[node].allocate(order);
        return frame < 0 ? Page.NONE : Page.ofPfn(firstFrames[node] + frame);
    }

    /// Allocates single frames of node 0, ascending where free memory permits.
    ///
    /// @return how many; fewer than `count` if memory is out
    public int allocateBatch(long[] pages, int count) {
        return zone.allocateBatch(pages, 0, count, Page.ofPfn(0));
    }

    /// The same of a given node.
    ///
    /// @param from where in the list to begin
    /// @return how far it is filled: not to `to` if the node is full
    public int allocateBatchOn(int node, long[] pages, int from, int to) {
        return zones[node].allocateBatch(pages, from, to, firstPage(node));
    }

    /// Gives base pages with consecutive numbers back.
    public void freeRun(long firstPage, int count) {
        if (zones.length == 1) {
            zone.freeRun((int) Page.pfn(firstPage), count);
            return;
        }
        for (int done = 0; done < count; ) {
            int node = node(firstPage + done);
            int frame = (int) Page.pfn(firstPage + done) - firstFrames[node];
            int part = Math.min(count - done, zones[node].pageCount() - frame);
            zones[node].freeRun(frame, part);
            done += part;
        }
    }

    /// Gives base pages back, those at `[from, to)` of a list.
    public void freeAll(long[] pages, int from, int to) {
        if (zones.length == 1) {
            zone.freeAll(pages, from, to, 0);
            return;
        }
        for (int first = from; first < to; ) {
            int node = node(pages[first]);
            int next = first + 1;
            while (next < to && node(pages[next]) == node) {
                next++;
            }
            zones[node].freeAll(pages, first, next, firstPage(node));
            first = next;
        }
    }

    /// Gives a block back to its node.
    public void free(long page, int order) {
        int node = node(page);
        zones[node].free((int) Page.pfn(page) - firstFrames[node], order);
    }

    /// Takes a given page out of free memory for good.
    ///
    /// @return false if it is in use
    public boolean takeFree(long page) {
        int node = node(page);
        return zones[node].take((int) Page.pfn(page) - firstFrames[node]);
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

    /// Pages of all nodes.
    public int pageCount() {
        return pageCount;
    }

    /// Free pages of all nodes.
    public int freePageCount() {
        int free = zone.freePageCount();
        for (int node = 1; node < zones.length; node++) {
            free += zones[node].freePageCount();
        }
        return free;
    }

    public boolean isFree(long page) {
        int node = node(page);
        return zones[node].isFree((int) Page.pfn(page) - firstFrames[node]);
    }

    @Override
    public void close() {
        region.close();
    }
}
