package farpage.emulator.devmem;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.lock.LockRank;
import farpage.mm.memory.BuddyAllocator;
import farpage.mm.memory.FolioFlags;
import farpage.mm.zonedevice.DevicePagemap;
import farpage.opencl.ClBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One OpenCL buffer cut into pages: the buffer, the device pages registered for it, and the
/// allocator that hands them out. Page `n` of the chunk lies at byte `n * 4096` of the buffer.
///
/// For eviction the chunk is seen in [DeviceBlock]s of 2 MiB.
///
/// @kernel lib/test_hmm.c: struct dmirror_chunk
public final class DeviceChunk {
    /// Pages in a block, the unit of eviction.
    public static final int BLOCK_PAGES = PageSize.ENTRIES_PER_TABLE;

    /// The order of a folio that takes a whole block.
    static final int BLOCK_ORDER = PageSize.LEVEL_SHIFT;

    private final Machine machine;
    private final ChunkSpace space;
    private final DevicePagemap pagemap;
    private final BuddyAllocator allocator;
    private final List<DeviceBlock> blocks;
    private final EvictionOrder order;
    private ChunkState state = ChunkState.ACTIVE;
    private volatile int number;

    /// Frames taken out of the allocator while the chunk drains, as pairs of frame and order.
    private int[] heldFrames = new int[0];

    private int heldCount;

    /// Takes memory and pages over, unless it throws.
    ///
    /// @param pagemap of the pages that the memory became
    /// @param order is told of the blocks that pages are allocated from
    DeviceChunk(Machine machine, ChunkSpace space, DevicePagemap pagemap, EvictionOrder order) {
        int pageCount = pagemap.pageCount();
        assert space.buffer().size() >= PageSize.pageAddress(pageCount);
        this.machine = machine;
        this.space = space;
        this.pagemap = pagemap;
        this.order = order;
        this.allocator = new BuddyAllocator(LockRank.DEVICE_ALLOCATOR, pageCount);
        this.blocks = new ArrayList<>();
        for (int first = 0; first < pageCount; first += BLOCK_PAGES) {
            blocks.add(new DeviceBlock(this, first, Math.min(BLOCK_PAGES, pageCount - first)));
        }
    }

    /// The chunk as a buffer of its own.
    public ClBuffer buffer() {
        return space.buffer();
    }

    /// The buffer that the chunk is a part of, which its pages' offsets are in.
    ClBuffer whole() {
        return space.whole();
    }

    public DevicePagemap pagemap() {
        return pagemap;
    }

    public int pageCount() {
        return pagemap.pageCount();
    }

    public int freePageCount() {
        return allocator.freePageCount();
    }

    /// Under the device's `DRIVER_SVM` lock.
    public ChunkState state() {
        return state;
    }

    /// Its place among the chunks of the device.
    int number() {
        return number;
    }

    void setNumber(int place) {
        number = place;
    }

    long firstDevicePfn() {
        return pagemap.firstDevicePfn();
    }

    long offset(long page) {
        return space.offset() + PageSize.pageAddress(pagemap.index(page));
    }

    int pagesToEnd(long page) {
        return pagemap.pageCount() - pagemap.index(page);
    }

    /// Folios of an order that could be allocated.
    int freeFolioCount(int order) {
        return allocator.availableBlockCount(order);
    }

    /// Allocates folios: locked, with one reference each. The device's `DRIVER_SVM` lock is held.
    ///
    /// @return how far `pages` is filled
    int allocateFolios(long[] pages, int from, int to, int folioOrder) {
        int filled = from;
        while (filled < to) {
            int frame = allocator.allocate(folioOrder);
            if (frame < 0) {
                break;
            }
            noteAllocation(frame, 1 << folioOrder);
            pages[filled++] = newFolio(frame, folioOrder);
        }
        return filled;
    }

    private long newFolio(int frame, int folioOrder) {
        long page = pagemap.page(frame);
        pagemap.initFolio(page, folioOrder);
        return page;
    }

    /// A folio in a block that is in use already, for what leaves another: locked, with one
    /// reference. The block keeps its age. The device's `DRIVER_SVM` lock is held.
    ///
    /// @return [Page#NONE] if the blocks in use have no room for it
    long allocateInUsedBlock(int folioOrder) {
        int frame = allocator.allocate(folioOrder, BLOCK_ORDER - 1);
        if (frame < 0) {
            return Page.NONE;
        }
        DeviceBlock block = block(frame);
        block.addLivePages(1 << folioOrder);
        if (!block.listed) {
            order.makeNewest(block);
        }
        return newFolio(frame, folioOrder);
    }

    /// Holds back what is free of a whole block.
    ///
    /// @param held takes pairs of frame and order
    /// @return how many numbers
    int isolate(DeviceBlock block, int[] held) {
        return allocator.isolate(block.firstIndex(), block.pageCount(), held);
    }

    void endIsolation(int[] held, int count) {
        for (int i = 0; i < count; i += 2) {
            allocator.free(held[i], held[i + 1]);
        }
    }

    /// Allocates base pages, in runs as long as free blocks permit: locked, with one reference
    /// each. The device's `DRIVER_SVM` lock is held.
    ///
    /// @param data what the driver keeps for each of them
    /// @return how far `pages` is filled
    int allocate(long[] pages, int from, int to, @Nullable Object data) {
        int filled = allocator.allocateBatch(pages, from, to, pagemap.page(0));
        for (int first = from; first < filled; ) {
            int frame = pagemap.index(pages[first]);
            int limit = Math.min(filled, first + BLOCK_PAGES - frame % BLOCK_PAGES);
            int next = first + 1;
            while (next < limit && pages[next] == pages[next - 1] + 1) {
                next++;
            }
            pagemap.initPages(pages[first], next - first, data);
            DeviceBlock block = block(frame);
            block.addLivePages(next - first);
            order.makeNewest(block);
            first = next;
        }
        return filled;
    }

    /// Blocks of the allocator are aligned, so one lies within a block or covers whole ones.
    private void noteAllocation(int frame, int count) {
        for (int done = 0; done < count; done += BLOCK_PAGES) {
            DeviceBlock block = block(frame + done);
            block.addLivePages(Math.min(count - done, BLOCK_PAGES));
            order.makeNewest(block);
        }
    }

    private DeviceBlock block(int frame) {
        return blocks.get(frame >> BLOCK_ORDER);
    }

    /// The last reference to a folio went away.
    void free(long page, int order) {
        int frame = pagemap.index(page);
        block(frame).addLivePages(-(1 << order));
        allocator.free(frame, order);
    }

    /// The last references to pages in a row went away.
    void freePages(long firstPage, int count) {
        int frame = pagemap.index(firstPage);
        for (int at = frame; at < frame + count; ) {
            int stop = Math.min(frame + count, (at / BLOCK_PAGES + 1) * BLOCK_PAGES);
            block(at).addLivePages(at - stop);
            at = stop;
        }
        allocator.freeRun(frame, count);
    }

    /// The same for pages that lie anywhere, those at `[from, to)` of a list.
    void freePages(long[] pages, int from, int to) {
        for (int first = from; first < to; ) {
            int number = pagemap.index(pages[first]) >> BLOCK_ORDER;
            int next = first + 1;
            while (next < to && pagemap.index(pages[next]) >> BLOCK_ORDER == number) {
                next++;
            }
            blocks.get(number).addLivePages(first - next);
            first = next;
        }
        allocator.freeAll(pages, from, to, pagemap.page(0));
    }

    /// The units of eviction.
    List<DeviceBlock> blocks() {
        return blocks;
    }

    // Release. All under the device's DRIVER_SVM lock, which also keeps allocation away.

    void beginDrain() {
        become(ChunkState.DRAINING);
        heldFrames = new int[64];
        heldCount = 0;
    }

    /// Holds back what is free now.
    ///
    /// @return whether that is everything
    boolean holdFreePages() {
        for (int order = BuddyAllocator.MAX_ORDER; order >= 0; order--) {
            int frame = allocator.allocate(order);
            while (frame >= 0) {
                if (heldCount + 2 > heldFrames.length) {
                    heldFrames = Arrays.copyOf(heldFrames, 2 * heldFrames.length);
                }
                heldFrames[heldCount++] = frame;
                heldFrames[heldCount++] = order;
                frame = allocator.allocate(order);
            }
        }
        int held = 0;
        for (int i = 0; i < heldCount; i += 2) {
            held += 1 << heldFrames[i + 1];
        }
        return held + allocator.retiredPageCount() == pageCount();
    }

    /// Has a page never be handed out again, because its memory is broken.
    ///
    /// @return whether nobody uses it now
    boolean retire(long page) {
        return allocator.retire(pagemap.index(page));
    }

    /// Whether a page is never handed out again.
    public boolean isRetired(long page) {
        return allocator.isRetired(pagemap.index(page));
    }

    /// Pages that are retired and that nobody uses.
    public int retiredPageCount() {
        return allocator.retiredPageCount();
    }

    /// Whether all pages in use are broken, so that they can not be moved out.
    boolean hasOnlyBrokenPages() {
        for (int index = 0; index < pageCount(); index++) {
            long page = pagemap.page(index);
            if (machine.folios().isKnown(page)
                    && machine.folios().refCount(page) > 0
                    && !machine.folios().hasFlag(page, FolioFlags.HWPOISON)) {
                return false;
            }
        }
        return nextLiveIndex(0) >= 0;
    }

    /// Pages stayed: the chunk is used again.
    void cancelDrain() {
        endIsolation(heldFrames, heldCount);
        heldFrames = new int[0];
        heldCount = 0;
        become(ChunkState.ACTIVE);
    }

    /// Gives pages and buffer back. Everything is held.
    void release() {
        become(ChunkState.RELEASED);
        blocks.forEach(order::remove);
        machine.memunmapPages(pagemap);
        space.giveBack().run();
    }

    /// The first page in use from an index on; -1 if there is none.
    int nextLiveIndex(int from) {
        for (int index = from; index < pageCount(); index++) {
            long page = pagemap.page(index);
            if (machine.folios().isKnown(page) && machine.folios().refCount(page) > 0) {
                return index;
            }
        }
        return -1;
    }

    private void become(ChunkState next) {
        assert state.canBecome(next) : state + " -> " + next;
        state = next;
    }

    @Override
    public String toString() {
        return String.format(
                "chunk of device pfns %d-%d, %s, %d of %d pages free",
                firstDevicePfn(),
                Page.devicePfn(pagemap.page(pageCount() - 1)),
                state,
                freePageCount(),
                pageCount());
    }
}
