package farpage.emulator.copy;

import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.migrate.FolioCopyAnswer;
import farpage.mm.migrate.FolioPairs;
import farpage.opencl.ClException;
import farpage.opencl.ClQueue;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Copies the folios of ordinary migrations by an OpenCL device: where they lie, if the device uses
/// RAM in place, else through memory of its own.
///
/// It takes one batch at a time; who comes meanwhile is told so, and copies himself. A command that
/// fails ends its batch: once nothing is under way any more the answer is that it failed.
///
/// @kernel drivers/migoffc/dcbm/dcbm.c
public final class DeviceFolioCopier implements FolioCopier {
    private final RankedLock lock = new RankedLock(LockRank.COPY_QUEUE);
    private final ClQueue[] queues;
    private final RamCopyWay way;
    private final boolean inPlace;
    private final LongSupplier nanoClock;

    // Under the lock.

    private boolean underWay;
    private long batches;
    private long pages;
    private long nanos;
    private long busy;
    private long failures;
    private @Nullable ClException lastFailure;

    /// @param device stays the caller's, and is closed after this
    /// @param nanoClock for the counters
    /// @throws ClException if queues, kernels or memory can not be made
    public DeviceFolioCopier(CopyDevice device, LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        this.inPlace = device.abilities().usesHostMemory();
        this.queues = CopyEngine.openQueues(device);
        @Nullable RamCopyWay opened = null;
        try {
            opened =
                    inPlace
                            ? new InPlaceRamCopy(device, queues[0])
                            : new StagedRamCopy(device.context(), device.ram(), queues);
        } finally {
            if (opened == null) {
                closeQueues();
            }
        }
        this.way = opened;
    }

    /// Whether the device works on RAM where it lies.
    public boolean isInPlace() {
        return inPlace;
    }

    @Override
    public FolioCopyAnswer copy(FolioPairs folios) {
        if (!begin()) {
            return FolioCopyAnswer.BUSY;
        }
        long start = nanoClock.getAsLong();
        ClException failure = null;
        try {
            way.copy(folios);
        } catch (ClException e) {
            CopyRetry.settle(queues, e);
            failure = e;
        } finally {
            end(folios, start, failure);
        }
        return failure == null ? FolioCopyAnswer.COPIED : FolioCopyAnswer.FAILED;
    }

    private boolean begin() {
        lock.lock();
        try {
            busy += underWay ? 1 : 0;
            boolean free = !underWay;
            underWay = true;
            return free;
        } finally {
            lock.unlock();
        }
    }

    private void end(FolioPairs folios, long start, @Nullable ClException failure) {
        lock.lock();
        underWay = false;
        if (failure == null) {
            batches++;
            pages += folios.pageCount();
            nanos += nanoClock.getAsLong() - start;
        } else {
            failures++;
            lastFailure = failure;
        }
        lock.unlock();
    }

    @Override
    public FolioCopierStatistics statistics() {
        lock.lock();
        try {
            return new FolioCopierStatistics(batches, pages, nanos, busy, failures);
        } finally {
            lock.unlock();
        }
    }

    /// The call that failed last, for messages.
    public Optional<ClException> lastFailure() {
        lock.lock();
        try {
            return Optional.ofNullable(lastFailure);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        way.close();
        closeQueues();
    }

    private void closeQueues() {
        for (ClQueue queue : queues) {
            queue.close();
        }
    }
}
