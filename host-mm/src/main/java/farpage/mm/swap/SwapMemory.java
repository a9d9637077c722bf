package farpage.mm.swap;

import farpage.mm.PageSize;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A swap area in memory of the host, for tests: nothing of it can fail.
///
/// @kernel drivers/block/brd.c
public final class SwapMemory implements SwapStorage {
    private final Arena arena = Arena.ofShared();
    private final int slotCount;
    private final MemorySegment bytes;

    /// @param slotCount slots, the header included
    public SwapMemory(int slotCount) {
        this.slotCount = slotCount;
        this.bytes = arena.allocate(PageSize.pageAddress(slotCount));
    }

    @Override
    public int slotCount() {
        return slotCount;
    }

    @Override
    public void write(int slot, MemorySegment page) {
        bytes.asSlice(PageSize.pageAddress(slot), PageSize.PAGE_SIZE).copyFrom(page);
    }

    @Override
    public void read(int slot, MemorySegment page) {
        page.copyFrom(bytes.asSlice(PageSize.pageAddress(slot), PageSize.PAGE_SIZE));
    }

    @Override
    public void close() {
        arena.close();
    }
}
