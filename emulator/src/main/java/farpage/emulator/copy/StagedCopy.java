package farpage.emulator.copy;

import farpage.mm.PageSize;
import farpage.mm.memory.HostMemory;
import farpage.opencl.ClContext;
import farpage.opencl.ClQueue;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// The way of scattered pages: a row of them crosses in one transfer, and a kernel takes it apart
/// or puts it together. While the device works on one row the host prepares the next.
///
/// @opencl gather_pages.cl, scatter_pages.cl, zero_pages.cl
final class StagedCopy implements CopyStrategy {
    private static final int SLOT_PAGES = StagingMemory.SLOT_PAGES;

    private final ClQueue queue;
    private final CopyKernels kernels;
    private final PageBuffers buffers;
    private final MemorySegment ram;
    private final StagingMemory staging;

    /// What the slots bring to the host: the first of a slot's pages in the list of scattered ones,
    /// and how many.
    private final int[] landingFirst = new int[StagingMemory.SLOTS];

    private final int[] landingCount = new int[StagingMemory.SLOTS];
    private long commands;

    /// @param kernels stay the caller's
    StagedCopy(
            ClContext context,
            ClQueue queue,
            CopyKernels kernels,
            PageBuffers buffers,
            MemorySegment ram) {
        this.queue = queue;
        this.kernels = kernels;
        this.buffers = buffers;
        this.ram = ram;
        this.staging = StagingMemory.open(context, queue);
    }

    private static int slot(int first) {
        return first / SLOT_PAGES % StagingMemory.SLOTS;
    }

    @Override
    public long enqueueToDevice(CopyRuns runs) {
        commands = 0;
        enqueueCopied(runs);
        enqueueClear(runs);
        return commands;
    }

    /// Enqueues the pairs that have a source.
    private void enqueueCopied(CopyRuns runs) {
        for (int first = 0; first < runs.copiedCount(); first += SLOT_PAGES) {
            int slot = slot(first);
            int count = Math.min(SLOT_PAGES, runs.copiedCount() - first);
            staging.await(slot);
            for (int i = 0; i < count; i++) {
                MemorySegment.copy(
                        ram,
                        HostMemory.offset(runs.copiedSource(first + i)),
                        staging.host(),
                        StagingMemory.hostOffset(slot, i),
                        PageSize.PAGE_SIZE);
                list(slot, i, runs.copiedDestination(first + i));
            }
            staging.enqueueList(slot, count);
            staging.enqueuePagesToDevice(slot, count);
            staging.mark(slot, queue.marker());
            commands += 2;
            for (int from = 0; from < count; ) {
                long page = runs.copiedDestination(first + from);
                int to = from + 1;
                while (to < count && isInOneBuffer(page, runs.copiedDestination(first + to))) {
                    to++;
                }
                kernels.scatter()
                        .enqueue(
                                queue,
                                buffers.buffer(page),
                                staging.deviceList(),
                                StagingMemory.first(slot) + from,
                                to - from,
                                staging.devicePages(),
                                StagingMemory.first(slot) + from,
                                PageSize.PAGE_SHIFT);
                commands++;
                from = to;
            }
        }
    }

    /// Enqueues the pairs that become zeros.
    private void enqueueClear(CopyRuns runs) {
        for (int first = 0; first < runs.clearedCount(); first += SLOT_PAGES) {
            int slot = slot(first);
            int count = Math.min(SLOT_PAGES, runs.clearedCount() - first);
            staging.await(slot);
            for (int i = 0; i < count; i++) {
                list(slot, i, runs.cleared(first + i));
            }
            staging.enqueueList(slot, count);
            staging.mark(slot, queue.marker());
            commands++;
            for (int from = 0; from < count; ) {
                long page = runs.cleared(first + from);
                int to = from + 1;
                while (to < count && isInOneBuffer(page, runs.cleared(first + to))) {
                    to++;
                }
                kernels.zero()
                        .enqueue(
                                queue,
                                buffers.buffer(page),
                                staging.deviceList(),
                                StagingMemory.first(slot) + from,
                                to - from,
                                PageSize.PAGE_SHIFT);
                commands++;
                from = to;
            }
        }
    }

    /// Waits for each row but not for anything enqueued after it.
    @Override
    public long toSystem(CopyRuns runs) {
        commands = 0;
        int first = 0;
        for (; first < runs.copiedCount(); first += SLOT_PAGES) {
            int slot = slot(first);
            land(runs, slot);
            enqueueToHost(runs, first, Math.min(SLOT_PAGES, runs.copiedCount() - first));
        }
        for (int i = 0; i < StagingMemory.SLOTS; i++) {
            land(runs, slot(first + i * SLOT_PAGES));
        }
        return commands;
    }

    private void enqueueToHost(CopyRuns runs, int first, int count) {
        int slot = slot(first);
        staging.await(slot);
        for (int i = 0; i < count; i++) {
            list(slot, i, runs.copiedSource(first + i));
        }
        staging.enqueueList(slot, count);
        for (int from = 0; from < count; ) {
            long page = runs.copiedSource(first + from);
            int to = from + 1;
            while (to < count && isInOneBuffer(page, runs.copiedSource(first + to))) {
                to++;
            }
            kernels.gather()
                    .enqueue(
                            queue,
                            buffers.buffer(page),
                            staging.deviceList(),
                            StagingMemory.first(slot) + from,
                            to - from,
                            staging.devicePages(),
                            StagingMemory.first(slot) + from,
                            PageSize.PAGE_SHIFT);
            commands++;
            from = to;
        }
        staging.enqueuePagesToHost(slot, count);
        staging.mark(slot, queue.marker());
        queue.flush();
        commands += 2;
        landingFirst[slot] = first;
        landingCount[slot] = count;
    }

    /// Puts the pages that a slot brought to their places.
    private void land(CopyRuns runs, int slot) {
        int count = landingCount[slot];
        landingCount[slot] = 0;
        staging.await(slot);
        for (int i = 0; i < count; i++) {
            MemorySegment.copy(
                    staging.host(),
                    StagingMemory.hostOffset(slot, i),
                    ram,
                    HostMemory.offset(runs.copiedDestination(landingFirst[slot] + i)),
                    PageSize.PAGE_SIZE);
        }
    }

    private void list(int slot, int index, long devicePage) {
        staging.setListed(slot, index, PageSize.pageNumber(buffers.offset(devicePage)));
    }

    @SuppressWarnings("ReferenceEquality") // a buffer is known by identity
    private boolean isInOneBuffer(long page, long other) {
        return buffers.buffer(page) == buffers.buffer(other);
    }

    @Override
    public void reset() {
        staging.reset();
        Arrays.fill(landingCount, 0);
    }

    @Override
    public void close() {
        staging.close();
    }
}
