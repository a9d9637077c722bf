package farpage.emulator.copy;

import farpage.mm.PageSize;
import farpage.mm.memory.HostMemory;
import farpage.mm.migrate.FolioPairs;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClMemoryFlag;
import farpage.opencl.ClQueue;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// The way of a device with memory of its own: pages go through a ring of slots there, a command in
/// and a command out for each run of them. Slots take turns on two queues, so that one fills while
/// another empties; the order of a queue keeps a slot from being filled before it is empty.
///
/// @opencl clEnqueueWriteBuffer, clEnqueueReadBuffer
final class StagedRamCopy implements RamCopyWay {
    private static final int SLOTS = 4;
    private static final int SLOT_PAGES = 512;

    private final MemorySegment ram;
    private final ClQueue[] queues;
    private final List<ClBuffer> slots = new ArrayList<>();

    /// Where each run of the slot that is filled goes.
    private final long[] landings = new long[SLOT_PAGES];

    private final int[] lengths = new int[SLOT_PAGES];
    private int runs;
    private int pages;
    private int slot;

    /// @param queues two, which stay the caller's
    StagedRamCopy(ClContext context, MemorySegment ram, ClQueue[] queues) {
        this.ram = ram;
        this.queues = queues;
        boolean complete = false;
        try {
            for (int i = 0; i < SLOTS; i++) {
                long size = PageSize.pageAddress(SLOT_PAGES);
                slots.add(context.createBuffer(size, ClMemoryFlag.READ_WRITE));
            }
            complete = true;
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    @Override
    public void copy(FolioPairs folios) {
        slot = 0;
        runs = 0;
        pages = 0;
        for (int i = 0; i < folios.count(); ) {
            long from = folios.source(i);
            long to = folios.destination(i);
            int length = folios.length(i++);
            while (i < folios.count()
                    && folios.source(i) == from + length
                    && folios.destination(i) == to + length) {
                length += folios.length(i++);
            }
            copyRun(from, to, length);
        }
        empty();
        for (ClQueue queue : queues) {
            queue.finish();
        }
    }

    private void copyRun(long from, long to, int length) {
        for (int done = 0; done < length; ) {
            int part = Math.min(length - done, SLOT_PAGES - pages);
            queue().enqueueWrite(
                            slots.get(slot),
                            PageSize.pageAddress(pages),
                            ram,
                            HostMemory.offset(from + done),
                            PageSize.pageAddress(part));
            landings[runs] = to + done;
            lengths[runs++] = part;
            pages += part;
            done += part;
            if (pages == SLOT_PAGES) {
                empty();
            }
        }
    }

    private ClQueue queue() {
        return queues[slot % queues.length];
    }

    /// Takes what the slot holds to its places, and goes on to the next.
    private void empty() {
        int first = 0;
        for (int run = 0; run < runs; run++) {
            queue().enqueueRead(
                            slots.get(slot),
                            PageSize.pageAddress(first),
                            ram,
                            HostMemory.offset(landings[run]),
                            PageSize.pageAddress(lengths[run]));
            first += lengths[run];
        }
        queue().flush();
        runs = 0;
        pages = 0;
        slot = (slot + 1) % SLOTS;
    }

    @Override
    public void close() {
        slots.forEach(ClBuffer::close);
    }
}
