package farpage.emulator.bench;

import farpage.emulator.devmem.DeviceMemory;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.memory.HostMemory;
import java.util.Arrays;
import java.util.SplittableRandom;

/// Memory that is taken so that what is left lies at random places all over it, as on a machine
/// that has been running for a while.
///
/// @kernel mm/page_alloc.c: fragmentation
final class HeldPages implements AutoCloseable {
    /// Beyond what is asked for, so that an allocator has a choice.
    private static final int SPARE_PART = 8;

    private final Freeing freeing;
    private final long[] blocks;
    private final int first;

    /// Frees a block.
    private interface Freeing {
        void free(long block);
    }

    private HeldPages(Freeing freeing, long[] blocks, int first) {
        this.freeing = freeing;
        this.blocks = blocks;
        this.first = first;
    }

    /// Takes RAM.
    ///
    /// @param order of the blocks that are left
    /// @param leftPages how many pages are left, and some to spare
    static HeldPages ofRam(HostMemory ram, int order, long leftPages, SplittableRandom random) {
        long[] blocks = new long[ram.pageCount() >>> order];
        int count = 0;
        for (long block = ram.allocate(order); block != Page.NONE; block = ram.allocate(order)) {
            blocks[count++] = block;
        }
        return leave(block -> ram.free(block, order), blocks, count, leftPages >>> order, random);
    }

    /// Takes a device's memory, all of which is made for it.
    static HeldPages ofDevice(
            Machine machine,
            DeviceMemory memory,
            int order,
            long leftPages,
            SplittableRandom random) {
        long[] blocks;
        int count;
        memory.lock();
        try {
            long free = memory.grow(PageSize.pageNumber(memory.limitBytes()), order);
            blocks = new long[Math.toIntExact(free >>> order)];
            count = memory.allocate(blocks, blocks.length, order);
        } finally {
            memory.unlock();
        }
        for (int i = 0; i < count; i++) {
            machine.folios().unlock(blocks[i]);
        }
        return leave(machine::put, blocks, count, leftPages >>> order, random);
    }

    private static HeldPages leave(
            Freeing freeing, long[] blocks, int count, long left, SplittableRandom random) {
        long[] held = Arrays.copyOf(blocks, count);
        for (int i = 0; i < count; i++) {
            int other = i + random.nextInt(count - i);
            long block = held[other];
            held[other] = held[i];
            held[i] = block;
        }
        int free = (int) Math.min(count, left + left / SPARE_PART + 1);
        for (int i = 0; i < free; i++) {
            freeing.free(held[i]);
        }
        return new HeldPages(freeing, held, free);
    }

    @Override
    public void close() {
        for (int i = first; i < blocks.length; i++) {
            freeing.free(blocks[i]);
        }
    }
}
