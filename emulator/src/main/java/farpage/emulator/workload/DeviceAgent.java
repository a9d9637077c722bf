package farpage.emulator.workload;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.devmem.DeviceChunk;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.svm.MigrationResult;
import farpage.mm.Errno;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClException;
import farpage.opencl.ClQueue;
import farpage.opencl.kernel.AccessBatch;
import farpage.opencl.kernel.DeviceAccess;
import farpage.opencl.kernel.layout.DevicePteLayout;
import farpage.opencl.kernel.layout.FaultRecordLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/// The device as it runs a program: a kernel executes the accesses on the device's own pages, and
/// what it can not reach comes back as faults, which are serviced in one batch before the kernel is
/// launched again for what is left.
///
/// The device's page table is locked from the moment its entries are handed to the kernel until the
/// kernel has finished: a page that is taken away in between would be written after it was copied.
///
/// Each launch finishes at least the tasks whose pages were just brought, because a batch touches
/// no more pages than the device holds and nothing else migrates meanwhile; the number of launches
/// is bounded all the same.
///
/// @kernel drivers/gpu/drm/xe/xe_svm.c: xe_svm_handle_pagefault; NVIDIA UVM: replayable faults
final class DeviceAgent implements AutoCloseable {
    private static final int LAUNCH_LIMIT = 64;
    private static final int SETTLE_ATTEMPTS = 2;

    private final OwnedResources owned = new OwnedResources();
    private final EmulatedDevice device;
    private final Dmirror mirror;
    private final long seed;
    private final DeviceAccess kernel;
    private final ClQueue queue;
    private final AccessBuffers buffers;
    private final MemorySegment ptes;
    private final MemorySegment results;
    private final MemorySegment faults;
    private final int taskCountMax;
    private final long[] faultedPages;
    private long faultCount;
    private long launchCount;

    DeviceAgent(
            EmulatedDevice device,
            Dmirror mirror,
            int taskCountMax,
            int accessCountMax,
            long seed) {
        this.device = device;
        this.mirror = mirror;
        this.seed = seed;
        this.taskCountMax = taskCountMax;
        this.faultedPages = new long[taskCountMax];
        Arena arena = Arena.ofConfined();
        owned.add(arena::close);
        boolean complete = false;
        try {
            this.ptes = arena.allocate((long) taskCountMax * Integer.BYTES, Long.BYTES);
            this.results = arena.allocate((long) accessCountMax * Long.BYTES, Long.BYTES);
            this.faults = arena.allocate(FaultRecordLayout.size(taskCountMax), Long.BYTES);
            // Closed before the memory above, which its commands may still use.
            this.queue = device.context().createQueue(device.clDevice());
            owned.add(queue::close);
            this.kernel = new DeviceAccess(device.context(), queue.device());
            owned.add(kernel::close);
            this.buffers = new AccessBuffers(device.context(), taskCountMax, accessCountMax);
            owned.add(buffers::close);
            complete = true;
        } finally {
            if (!complete) {
                owned.close();
            }
        }
    }

    /// Tasks that could not be executed when they were launched, so far.
    long faultCount() {
        return faultCount;
    }

    long launchCount() {
        return launchCount;
    }

    /// Executes all accesses of a batch.
    ///
    /// @throws WorkloadException if a page can not be brought to the device
    void execute(DeviceTasks tasks) {
        tasks.layOut();
        AccessBatch batch = buffers.upload(queue, tasks, taskCountMax, seed);
        for (int launch = 0; launch < LAUNCH_LIMIT; launch++) {
            int faulted = launch(tasks, batch);
            if (faulted == 0) {
                queue.readBlocking(batch.results(), 0, resultBytes(tasks));
                return;
            }
            faultCount += faulted;
            service(tasks, Math.min(faulted, taskCountMax));
        }
        throw new WorkloadException(
                WorkloadException.Reason.DEVICE_MEMORY,
                "device "
                        + device.id().index()
                        + ": "
                        + LAUNCH_LIMIT
                        + " launches were not enough to bring "
                        + tasks.taskCount()
                        + " pages; its memory must hold them all at once");
    }

    /// The hash that an access saw, after [#execute].
    long result(int access) {
        return results.getAtIndex(ValueLayout.JAVA_LONG, access);
    }

    private MemorySegment resultBytes(DeviceTasks tasks) {
        return results.asSlice(0, (long) tasks.accessCount() * Long.BYTES);
    }

    /// One launch over all chunks of the device's memory.
    ///
    /// @return how many tasks faulted
    private int launch(DeviceTasks tasks, AccessBatch batch) {
        DevicePageTable table = mirror.mirror().table();
        List<DeviceChunk> chunks = device.memory().chunks();
        FaultRecordLayout.clear(faults);
        table.lock();
        try {
            fillPtesLocked(tasks, chunks);
            queue.enqueueWrite(
                    buffers.ptes(), 0, ptes, 0, (long) tasks.taskCount() * Integer.BYTES);
            queue.enqueueWrite(batch.faults(), 0, faults, 0, FaultRecordLayout.HEADER_SIZE);
            enqueueLaunches(batch, chunks);
            queue.enqueueRead(batch.faults(), 0, faults, 0, faults.byteSize());
            queue.finish();
        } catch (ClException failure) {
            settle(failure);
            throw failure;
        } finally {
            table.unlock();
        }
        return FaultRecordLayout.count(faults);
    }

    /// Waits for what was enqueued before a failure: while it runs, neither the pages nor the host
    /// memory that it works on may be used otherwise. The wait may fail once, on account of the
    /// same trouble.
    private void settle(ClException failure) {
        for (int attempt = 0; attempt < SETTLE_ATTEMPTS; attempt++) {
            try {
                queue.finish();
                return;
            } catch (ClException second) {
                failure.addSuppressed(second);
            }
        }
    }

    private void enqueueLaunches(AccessBatch batch, List<DeviceChunk> chunks) {
        if (chunks.isEmpty()) {
            // No device memory yet, so every task faults; any buffer will do as the heap.
            launchOn(batch, batch.results(), 0, true);
        }
        for (int chunk = 0; chunk < chunks.size(); chunk++) {
            launchOn(batch, chunks.get(chunk).buffer(), chunk, chunk == 0);
        }
    }

    private void launchOn(AccessBatch batch, ClBuffer heap, int chunk, boolean reportFaults) {
        kernel.enqueue(
                queue,
                batch,
                buffers.ptes(),
                heap,
                PageSize.PAGE_SHIFT,
                chunk,
                device.memory().chunkPageCount(),
                reportFaults);
        launchCount++;
    }

    private void fillPtesLocked(DeviceTasks tasks, List<DeviceChunk> chunks) {
        DevicePageTable table = mirror.mirror().table();
        for (int task = 0; task < tasks.taskCount(); task++) {
            long entry = table.entryLocked(tasks.page(task));
            int pte = DevicePteLayout.NONE;
            if (DevicePte.isOnDevice(entry)) {
                pte =
                        DevicePteLayout.of(
                                heapPage(chunks, DevicePte.page(entry)),
                                DevicePte.isWritable(entry));
                if (tasks.writes(task)) {
                    mirror.mirror().noteWrittenLocked(DevicePte.page(entry));
                }
            }
            ptes.setAtIndex(ValueLayout.JAVA_INT, task, pte);
        }
    }

    /// The index of a page over all chunks.
    private long heapPage(List<DeviceChunk> chunks, long page) {
        for (int chunk = 0; chunk < chunks.size(); chunk++) {
            if (chunks.get(chunk).pagemap().contains(page)) {
                return (long) chunk * device.memory().chunkPageCount()
                        + chunks.get(chunk).pagemap().index(page);
            }
        }
        throw new AssertionError(Page.describe(page) + " lies in no chunk");
    }

    /// Brings the pages of the faulted tasks, and the right to write them.
    private void service(DeviceTasks tasks, int faulted) {
        int count = 0;
        for (int i = 0; i < faulted; i++) {
            int task = FaultRecordLayout.task(faults, i);
            if (isOnDevice(tasks.page(task))) {
                makeWritable(tasks.page(task));
            } else {
                faultedPages[count++] = tasks.page(task);
            }
        }
        if (count == 0) {
            return;
        }
        Arrays.sort(faultedPages, 0, count);
        MigrationResult result = mirror.migrateToDevice(faultedPages, count);
        if (!result.errno().isOk()) {
            throw new WorkloadException(
                    WorkloadException.Reason.COPY_FAILED,
                    "device "
                            + device.id().index()
                            + ": the copy of "
                            + count
                            + " pages failed ("
                            + result.errno().describe()
                            + "); they are still in system memory");
        }
    }

    private boolean isOnDevice(long page) {
        DevicePageTable table = mirror.mirror().table();
        table.lock();
        try {
            long entry = table.entryLocked(page);
            return DevicePte.isOnDevice(entry);
        } finally {
            table.unlock();
        }
    }

    /// The device has the page, but its entry permits loads only.
    private void makeWritable(long page) {
        long address = PageSize.pageAddress(page);
        Errno errno = mirror.mirror().faultIn(address, address + PageSize.PAGE_SIZE, true);
        if (!errno.isOk()) {
            throw new WorkloadException(
                    WorkloadException.Reason.COPY_FAILED,
                    String.format(
                            "device %d: no right to write at %x (%s)",
                            device.id().index(), address, errno.describe()));
        }
    }

    @Override
    public void close() {
        owned.close();
    }
}
