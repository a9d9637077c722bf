package farpage.emulator.copy;

import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.opencl.ClEvent;
import farpage.opencl.ClException;
import farpage.opencl.ClQueue;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/// The copy engine of one device: it carries out whole batches, and waits for each exactly once.
/// Several may be under way, of several threads.
///
/// A method that copies waits for the device. So it is called with folio locks and the mmap lock
/// held, or a driver's update lock for the device's own accesses, but never with a page table's
/// lock. The engine's own locks, of rank `COPY_QUEUE`, guard its books and are not held meanwhile.
///
/// Batches under way have no page in common, so nothing orders their commands: they are spread over
/// two queues.
///
/// A command that is refused, or a wait that fails, does not fail its batch: once nothing of it is
/// under way any more, each folio is tried by a command of its own, see [CopyResult]. An error that
/// strikes a transfer after it was accepted is noticed only if the wait for its batch reports it,
/// which OpenCL leaves to the implementation; launches and single transfers are waited for
/// themselves.
///
/// Which way pages go says the [CopyPlan].
///
/// @opencl Two in-order queues
public final class CopyEngine implements PageCopier, AutoCloseable {
    /// The longest piece: 64 MiB. A `memcpy` of more, between buffers that are aligned differently,
    /// may switch to stores that bypass the cache and get slower.
    static final int RUN_PAGES_MAX = 1 << 14;

    private static final CopyResult COPIED = new CopyResult.Copied();

    private final RankedLock lock = new RankedLock(LockRank.COPY_QUEUE);
    private final CopyDevice device;
    private final ClQueue[] queues;
    private final PageBuffers buffers;
    private final LongSupplier nanoClock;
    private final CopyCutter cutter;
    private final DirectCopy direct;
    private final CopyRetry retry;
    private final CopyTallies tallies = new CopyTallies();
    private final AtomicInteger turns = new AtomicInteger();
    private volatile Ways ways;

    /// Flights that are not under way; under the lock.
    private final Deque<CopyFlight> resting = new ArrayDeque<>();

    /// A plan and what carries it out.
    private record Ways(
            CopyPlan plan, CopyTable withinDevice, Map<CopyMethod, CopyStrategy> strategies) {
        Ways(CopyPlan plan, Map<CopyMethod, CopyStrategy> strategies) {
            this(plan, plan.withinDevice(), strategies);
        }
    }

    /// @param device what the engines of one OpenCL device share; it stays the caller's
    /// @param buffers where device pages lie
    /// @param plan which way pages take
    /// @param nanoClock for the counters
    /// @throws IllegalArgumentException if the device can not do what the plan says
    /// @throws ClException if queues, kernels or staging memory can not be made
    public CopyEngine(
            CopyDevice device, PageBuffers buffers, CopyPlan plan, LongSupplier nanoClock) {
        this.device = device;
        this.buffers = buffers;
        this.nanoClock = nanoClock;
        this.queues = openQueues(device);
        this.cutter = new CopyCutter(buffers, device.windows());
        this.direct = new DirectCopy(queues, buffers, device.ram());
        this.retry = new CopyRetry(direct, queues);
        this.ways = new Ways(plan, Map.of());
        boolean complete = false;
        try {
            usePlan(plan);
            complete = true;
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    /// Two queues; if the second can not be made, the first is given back.
    static ClQueue[] openQueues(CopyDevice device) {
        ClQueue first = device.context().createQueue(device.device());
        try {
            return new ClQueue[] {first, device.context().createQueue(device.device())};
        } catch (ClException e) {
            first.close();
            throw e;
        }
    }

    static long bytes(long pageCount) {
        return PageSize.pageAddress(pageCount);
    }

    /// Takes another plan for the batches that are started from now on. For one thread at a time.
    ///
    /// @throws IllegalArgumentException if the device can not do what the plan says
    /// @throws ClException if kernels or staging memory can not be made
    public void usePlan(CopyPlan next) {
        Map<CopyMethod, CopyStrategy> strategies = new EnumMap<>(CopyMethod.class);
        strategies.putAll(ways.strategies());
        try {
            for (CopyMethod method : next.methods()) {
                Optional<String> obstacle = method.obstacle(device.abilities());
                if (obstacle.isPresent()) {
                    throw new IllegalArgumentException(
                            "method: value=" + method + ", limit=" + obstacle.get());
                }
            }
            Set<CopyMethod> needed = next.methods();
            needed.addAll(next.withinDevice().methods());
            for (CopyMethod method : needed) {
                if (method != CopyMethod.DIRECT && !strategies.containsKey(method)) {
                    strategies.put(method, newStrategy(method));
                }
            }
        } finally {
            // Also what was made before a failure has an owner so.
            ways = new Ways(ways.plan(), strategies);
        }
        ways = new Ways(next, strategies);
    }

    private CopyStrategy newStrategy(CopyMethod method) {
        return switch (method) {
            case DIRECT -> throw new AssertionError("needs nothing");
            case STAGED_ITEM, STAGED_GROUP ->
                    new StagedCopy(
                            device, device.kernels(method.shape().orElseThrow()), buffers, queues);
            case IN_PLACE_ITEM, IN_PLACE_ITEM_NT, IN_PLACE_GROUP, IN_PLACE_GROUP_NT ->
                    new InPlaceCopy(device, buffers, device.program(method));
            case MAPPED -> new MappedCopy(buffers, device.ram());
        };
    }

    /// The methods that a plan may name.
    public Set<CopyMethod> methods() {
        return device.methods();
    }

    /// Which way pages take now.
    public CopyPlan plan() {
        return ways.plan();
    }

    /// What the engines of its OpenCL device share.
    public CopyDevice device() {
        return device;
    }

    /// Copies system pages, or zeros, to device pages.
    public CopyResult toDevice(CopyBatch batch) {
        return copy(CopyDirection.TO_DEVICE, batch);
    }

    /// Copies device pages to system pages. Every pair has a source.
    @Override
    public CopyResult toSystem(CopyBatch batch) {
        return copy(CopyDirection.TO_SYSTEM, batch);
    }

    /// Copies device pages to other pages of the same device. Every pair has a source.
    ///
    /// @throws farpage.mm.Check.Broken if a page is a destination twice, or also a source
    @Override
    public CopyResult withinDevice(CopyBatch batch) {
        return copy(CopyDirection.WITHIN_DEVICE, batch);
    }

    /// Starts what [#toDevice] does. The pages of the batch are the device's until the fence was
    /// waited for; the batch itself can be used again at once.
    @Override
    public CopyFence startToDevice(CopyBatch batch) {
        return start(CopyDirection.TO_DEVICE, batch);
    }

    /// Starts what [#toSystem] does, as [#startToDevice].
    @Override
    public CopyFence startToSystem(CopyBatch batch) {
        return start(CopyDirection.TO_SYSTEM, batch);
    }

    private CopyResult copy(CopyDirection direction, CopyBatch batch) {
        if (batch.count() == 0) {
            return COPIED;
        }
        CopyFlight flight = prepare(direction, batch);
        if (flight.scattered.count() == 0 && flight.straight.count() == 1) {
            try {
                retry.copyPiece(flight, 0);
                flight.commands++;
            } catch (ClException e) {
                flight.fail(e);
            }
        } else {
            enqueue(flight);
        }
        return await(flight);
    }

    private CopyFence start(CopyDirection direction, CopyBatch batch) {
        if (batch.count() == 0) {
            return () -> COPIED;
        }
        CopyFlight flight = prepare(direction, batch);
        enqueue(flight);
        return flight;
    }

    private CopyFlight prepare(CopyDirection direction, CopyBatch batch) {
        lock.lock();
        CopyFlight rested = resting.poll();
        lock.unlock();
        CopyFlight flight = rested == null ? new CopyFlight(this) : rested;
        ClQueue queue = queues[turns.getAndIncrement() & 1];
        flight.begin(direction, queue, nanoClock.getAsLong());
        if (direction == CopyDirection.WITHIN_DEVICE) {
            flight.distinctPages.check(batch);
        }
        Ways now = ways;
        CopyTable table =
                switch (direction) {
                    case TO_DEVICE -> now.plan().toDevice();
                    case TO_SYSTEM -> now.plan().toSystem();
                    case WITHIN_DEVICE -> now.withinDevice();
                };
        CopyMethod method = cutter.cut(batch, direction, table, flight.straight, flight.scattered);
        if (method != CopyMethod.DIRECT) {
            flight.strategy = Objects.requireNonNull(now.strategies().get(method));
        }
        return flight;
    }

    /// Straight pieces first: the device works on them while the host prepares the rest.
    private void enqueue(CopyFlight flight) {
        try {
            if (flight.straight.count() > 0) {
                direct.start(flight);
            }
            if (flight.strategy != null) {
                flight.strategy.start(flight);
            }
        } catch (ClException e) {
            flight.fail(e);
        }
    }

    /// The one place where a failed command becomes an answer.
    CopyResult await(CopyFlight flight) {
        if (flight.failure() != null) {
            retry.settle(flight);
        }
        flight.awaitEvents();
        CopyStrategy strategy = flight.strategy;
        if (strategy != null) {
            strategy.finish(flight);
        }
        CopyResult result = COPIED;
        ClException failure = flight.failure();
        if (failure != null) {
            retry.settle(flight);
            result = retry.folioByFolio(flight, failure);
        }
        long end = nanoClock.getAsLong();
        lock.lock();
        tallies.count(flight, result, end);
        flight.end();
        resting.push(flight);
        lock.unlock();
        return result;
    }

    // The device's own accesses.

    /// Whether a page of the machine's memory is of a node that is this device's: [#read] and
    /// [#write] take it as a page of the device.
    public boolean ownsNodeOf(long page) {
        return device.ownsNodeOf(page);
    }

    /// How many pages from one of a node on, with consecutive numbers, lie in the same buffer.
    public int nodePagesToEnd(long page) {
        return device.systemPages().pagesToEnd(page);
    }

    /// The device loads pages of its memory for the caller.
    ///
    /// @param to memory off the Java heap
    public CopyResult read(AccessBatch batch, MemorySegment to) {
        return access(batch, to, false);
    }

    /// The device stores the caller's bytes in pages of its memory.
    ///
    /// @param from memory off the Java heap
    public CopyResult write(AccessBatch batch, MemorySegment from) {
        return access(batch, from, true);
    }

    /// The one place where a failed access becomes an answer.
    private CopyResult access(AccessBatch batch, MemorySegment host, boolean isWrite) {
        long start = nanoClock.getAsLong();
        ClQueue queue = queues[turns.getAndIncrement() & 1];
        try {
            for (int run = 0; run < batch.runCount(); run++) {
                access(queue, batch, run, host, isWrite);
            }
            try (ClEvent done = queue.marker()) {
                done.await();
            }
        } catch (ClException e) {
            retry.settle(e);
            lock.lock();
            tallies.countFailure(e);
            lock.unlock();
            return new CopyResult.Failed(e);
        }
        long end = nanoClock.getAsLong();
        lock.lock();
        tallies.countAccess(batch, isWrite, end - start);
        lock.unlock();
        return COPIED;
    }

    private void access(
            ClQueue queue, AccessBatch batch, int run, MemorySegment host, boolean isWrite) {
        long page = batch.firstPage(run);
        long size = bytes(batch.pageCount(run));
        PageBuffers from = Page.isDevice(page) ? buffers : device.systemPages();
        if (isWrite) {
            queue.enqueueWrite(from.buffer(page), from.offset(page), host, batch.offset(run), size);
        } else {
            queue.enqueueRead(from.buffer(page), from.offset(page), host, batch.offset(run), size);
        }
    }

    public CopyStatistics statistics() {
        lock.lock();
        try {
            return tallies.statistics();
        } finally {
            lock.unlock();
        }
    }

    /// The call that failed last, for messages.
    public Optional<ClException> lastFailure() {
        lock.lock();
        try {
            return tallies.lastFailure();
        } finally {
            lock.unlock();
        }
    }

    /// Nothing is under way afterwards; every fence was waited for.
    @Override
    public void close() {
        for (ClQueue queue : queues) {
            try {
                queue.finish();
            } catch (ClException e) {
                // What was under way has ended, which is all that matters here.
            }
        }
        ways.strategies().values().forEach(CopyStrategy::close);
        for (ClQueue queue : queues) {
            queue.close();
        }
    }
}
