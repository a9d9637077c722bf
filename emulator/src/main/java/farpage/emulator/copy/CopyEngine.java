package farpage.emulator.copy;

import farpage.mm.PageSize;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.memory.HostMemory;
import farpage.opencl.ClEvent;
import farpage.opencl.ClException;
import farpage.opencl.ClQueue;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.LongSupplier;

/// The copy engine of one device: it carries out whole batches, in order, and waits for each
/// exactly once. Several may be under way.
///
/// Every method that copies takes the engine's own lock, rank `COPY_QUEUE`, and waits for the
/// device under it. So it is called with folio locks and the mmap lock held, or a driver's update
/// lock for the device's own accesses, but never with a page table's lock.
///
/// A command that is refused, or a wait that fails, fails its batch. The engine then waits until
/// nothing of the batch is under way any more, so the pages may be used and the engine too. An
/// error that strikes a command after it was accepted is noticed only if the wait for its batch
/// reports it, which OpenCL leaves to the implementation.
///
/// Neighbouring pairs go as one command between RAM and the device's buffer; what is too scattered
/// for that goes the way that the [CopyPlan] says.
///
/// @opencl clEnqueueWriteBuffer, clEnqueueReadBuffer, clEnqueueFillBuffer on one in-order queue
public final class CopyEngine implements PageCopier, AutoCloseable {
    /// The longest run that goes as one command: 64 MiB. A `memcpy` of more, between buffers that
    /// are aligned differently, may switch to stores that bypass the cache and get slower.
    static final int RUN_PAGES_MAX = 1 << 14;

    private static final int SETTLE_ATTEMPTS = 3;
    private static final CopyTable WITHIN_DEVICE = CopyTable.only(CopyMethod.DIRECT);

    private final RankedLock lock = new RankedLock(LockRank.COPY_QUEUE);
    private final ClQueue queue;
    private final PageBuffers buffers;
    private final MemorySegment ram;
    private final CopyDevice device;
    private final LongSupplier nanoClock;
    private final Map<CopyMethod, CopyStrategy> strategies = new EnumMap<>(CopyMethod.class);
    private CopyPlan plan;
    private final CopyRuns runs = new CopyRuns();

    private final Tally toDevice = new Tally();
    private final Tally toSystem = new Tally();
    private final Tally withinDevice = new Tally();
    private final Tally deviceReads = new Tally();
    private final Tally deviceWrites = new Tally();
    private long failures;
    private Optional<ClException> lastFailure = Optional.empty();

    /// Counts in one direction, under the engine's lock.
    private static final class Tally {
        private long batches;
        private long pages;
        private long clearedPages;
        private long commands;
        private long nanos;

        /// When the last batch that was waited for was done.
        private long lastEnd = Long.MIN_VALUE;

        private CopyCounters counters() {
            return new CopyCounters(batches, pages, clearedPages, bytes(pages), commands, nanos);
        }
    }

    /// @param device what the engines of one OpenCL device share; it stays the caller's
    /// @param buffers where device pages lie
    /// @param plan which way pages take
    /// @param nanoClock for the counters
    /// @throws IllegalArgumentException if the device can not do what the plan says
    /// @throws ClException if queue, kernels or staging memory can not be made
    public CopyEngine(
            CopyDevice device, PageBuffers buffers, CopyPlan plan, LongSupplier nanoClock) {
        this.device = device;
        this.buffers = buffers;
        this.ram = device.ram();
        this.nanoClock = nanoClock;
        this.queue = device.context().createQueue(device.device());
        this.plan = plan;
        boolean complete = false;
        try {
            prepare(plan);
            complete = true;
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    /// Takes another plan from the next batch on.
    ///
    /// @throws IllegalArgumentException if the device can not do what the plan says
    /// @throws ClException if kernels or staging memory can not be made
    public void usePlan(CopyPlan next) {
        prepare(next);
        lock.lock();
        plan = next;
        lock.unlock();
    }

    /// Which way pages take now.
    public CopyPlan plan() {
        lock.lock();
        try {
            return plan;
        } finally {
            lock.unlock();
        }
    }

    /// Makes what the methods of a plan need, unless they have it.
    private void prepare(CopyPlan next) {
        for (CopyMethod method : next.methods()) {
            method.obstacle(device.abilities())
                    .ifPresent(obstacle -> {
                        throw new IllegalArgumentException(
                                "method: value=" + method + ", limit=" + obstacle);
                    });
            if (method.isStaged()) {
                CopyKernels kernels = device.kernels(method.shape().orElseThrow());
                lock.lock();
                try {
                    if (!strategies.containsKey(method)) {
                        strategies.put(
                                method,
                                new StagedCopy(device.context(), queue, kernels, buffers, ram));
                    }
                } finally {
                    lock.unlock();
                }
            }
        }
    }

    private CopyStrategy strategy(CopyMethod method) {
        return Objects.requireNonNull(strategies.get(method));
    }

    static long bytes(long pageCount) {
        return PageSize.pageAddress(pageCount);
    }

    /// Copies system pages, or zeros, to device pages.
    public CopyResult toDevice(CopyBatch batch) {
        return batch.count() == 0
                ? new CopyResult.Copied()
                : run(toDevice, () -> enqueueToDevice(batch));
    }

    @Override
    public CopyResult toSystem(CopyBatch batch) {
        return batch.count() == 0
                ? new CopyResult.Copied()
                : run(toSystem, () -> enqueueToSystem(batch));
    }

    @Override
    public CopyResult withinDevice(CopyBatch batch) {
        return batch.count() == 0
                ? new CopyResult.Copied()
                : run(withinDevice, () -> enqueueWithinDevice(batch));
    }

    @Override
    public CopyFence startToDevice(CopyBatch batch) {
        return start(toDevice, () -> enqueueToDevice(batch));
    }

    @Override
    public CopyFence startToSystem(CopyBatch batch) {
        return start(toSystem, () -> enqueueToSystem(batch));
    }

    /// The device loads pages of its memory for the caller.
    ///
    /// @param to memory off the Java heap
    public CopyResult read(AccessBatch batch, MemorySegment to) {
        return run(deviceReads, () -> enqueueRead(batch, to));
    }

    /// The device stores the caller's bytes in pages of its memory.
    ///
    /// @param from memory off the Java heap
    public CopyResult write(AccessBatch batch, MemorySegment from) {
        return run(deviceWrites, () -> enqueueWrite(batch, from));
    }

    /// The one place where a failed command becomes an answer.
    private CopyResult run(Tally tally, Runnable enqueue) {
        lock.lock();
        try {
            long start = nanoClock.getAsLong();
            enqueue.run();
            queue.finish();
            tally.batches++;
            tally.nanos += nanoClock.getAsLong() - start;
            return new CopyResult.Copied();
        } catch (ClException e) {
            return failed(e);
        } finally {
            lock.unlock();
        }
    }

    private CopyFence start(Tally tally, Runnable enqueue) {
        lock.lock();
        try {
            long start = nanoClock.getAsLong();
            enqueue.run();
            ClEvent done = queue.marker();
            flush(done);
            return () -> await(tally, done, start);
        } catch (ClException e) {
            CopyResult failed = failed(e);
            return () -> failed;
        } finally {
            lock.unlock();
        }
    }

    private void flush(ClEvent done) {
        try {
            queue.flush();
        } catch (ClException e) {
            done.close();
            throw e;
        }
    }

    /// Batches that overlap count the time of each but once.
    private CopyResult await(Tally tally, ClEvent done, long start) {
        lock.lock();
        try (done) {
            done.await();
            long end = nanoClock.getAsLong();
            tally.batches++;
            tally.nanos += end - Math.max(start, tally.lastEnd);
            tally.lastEnd = end;
            return new CopyResult.Copied();
        } catch (ClException e) {
            return failed(e);
        } finally {
            lock.unlock();
        }
    }

    /// The lock is held.
    private CopyResult failed(ClException e) {
        failures++;
        lastFailure = Optional.of(e);
        settle(e);
        return new CopyResult.Failed(e);
    }

    /// Waits for what was enqueued before the failure. The wait itself may fail once, on account of
    /// the same trouble.
    private void settle(ClException failure) {
        for (int attempt = 0; attempt < SETTLE_ATTEMPTS; attempt++) {
            try {
                queue.finish();
                break;
            } catch (ClException e) {
                failure.addSuppressed(e);
            }
        }
        strategies.values().forEach(CopyStrategy::reset);
    }

    /// Runs first: the device works on them while the host gathers the rest.
    private void enqueueToDevice(CopyBatch batch) {
        CopyMethod method =
                runs.split(batch, buffers, CopyRuns.Direction.TO_DEVICE, plan.toDevice());
        for (int run = 0; run < runs.runCount(); run++) {
            int length = runs.length(run);
            long to = runs.destination(run);
            if (runs.isZero(run)) {
                queue.enqueueFill(buffers.buffer(to), buffers.offset(to), bytes(length), 0, 8);
                toDevice.clearedPages += length;
            } else {
                long from = HostMemory.offset(runs.source(run));
                queue.enqueueWrite(
                        buffers.buffer(to), buffers.offset(to), ram, from, bytes(length));
                toDevice.pages += length;
            }
        }
        toDevice.commands += runs.runCount();
        if (method != CopyMethod.DIRECT) {
            toDevice.commands += strategy(method).enqueueToDevice(runs);
        }
        toDevice.pages += runs.copiedCount();
        toDevice.clearedPages += runs.clearedCount();
    }

    /// Runs first: the device works on them while the host waits for the first row of the rest.
    private void enqueueToSystem(CopyBatch batch) {
        CopyMethod method =
                runs.split(batch, buffers, CopyRuns.Direction.TO_SYSTEM, plan.toSystem());
        for (int run = 0; run < runs.runCount(); run++) {
            int length = runs.length(run);
            long from = runs.source(run);
            queue.enqueueRead(
                    buffers.buffer(from),
                    buffers.offset(from),
                    ram,
                    HostMemory.offset(runs.destination(run)),
                    bytes(length));
            toSystem.pages += length;
        }
        toSystem.commands += runs.runCount();
        if (method != CopyMethod.DIRECT) {
            toSystem.commands += strategy(method).toSystem(runs);
        }
        toSystem.pages += runs.copiedCount();
    }

    /// Each run is a command: nothing crosses the bus, so nothing is gained by gathering.
    private void enqueueWithinDevice(CopyBatch batch) {
        CopyMethod _ = runs.split(batch, buffers, CopyRuns.Direction.WITHIN_DEVICE, WITHIN_DEVICE);
        for (int run = 0; run < runs.runCount(); run++) {
            long from = runs.source(run);
            long to = runs.destination(run);
            queue.enqueueCopy(
                    buffers.buffer(from),
                    buffers.offset(from),
                    buffers.buffer(to),
                    buffers.offset(to),
                    bytes(runs.length(run)));
            withinDevice.pages += runs.length(run);
        }
        withinDevice.commands += runs.runCount();
    }

    private void enqueueRead(AccessBatch batch, MemorySegment to) {
        for (int run = 0; run < batch.runCount(); run++) {
            long page = batch.firstPage(run);
            queue.enqueueRead(
                    buffers.buffer(page),
                    buffers.offset(page),
                    to,
                    batch.offset(run),
                    bytes(batch.pageCount(run)));
        }
        deviceReads.pages += batch.pageCount();
        deviceReads.commands += batch.runCount();
    }

    private void enqueueWrite(AccessBatch batch, MemorySegment from) {
        for (int run = 0; run < batch.runCount(); run++) {
            long page = batch.firstPage(run);
            queue.enqueueWrite(
                    buffers.buffer(page),
                    buffers.offset(page),
                    from,
                    batch.offset(run),
                    bytes(batch.pageCount(run)));
        }
        deviceWrites.pages += batch.pageCount();
        deviceWrites.commands += batch.runCount();
    }

    public CopyStatistics statistics() {
        lock.lock();
        try {
            return new CopyStatistics(
                    toDevice.counters(),
                    toSystem.counters(),
                    withinDevice.counters(),
                    deviceReads.counters(),
                    deviceWrites.counters(),
                    failures);
        } finally {
            lock.unlock();
        }
    }

    /// The call that failed last, for messages.
    public Optional<ClException> lastFailure() {
        lock.lock();
        try {
            return lastFailure;
        } finally {
            lock.unlock();
        }
    }

    /// Nothing is under way afterwards.
    @Override
    public void close() {
        strategies.values().forEach(CopyStrategy::close);
        queue.close();
    }
}
