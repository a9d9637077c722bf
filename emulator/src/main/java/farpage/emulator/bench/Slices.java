package farpage.emulator.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Work on a range in parts, each by a thread of its own, and how long it took.
///
/// @kernel None: how a measurement uses more than one processor
final class Slices implements AutoCloseable {
    private final SliceClocks clocks;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private long wallNanos;
    private long cpuNanos;

    Slices(SliceClocks clocks) {
        this.clocks = clocks;
    }

    /// What is done for one part.
    @FunctionalInterface
    interface Work {
        void run(int slice);
    }

    /// Does the work for all parts at once and waits until it is done. One part is done by the
    /// caller.
    void run(int count, Work work) {
        long start = clocks.nanos().getAsLong();
        if (count == 1) {
            cpuNanos = timed(work, 0);
        } else {
            cpuNanos = together(count, work);
        }
        wallNanos = clocks.nanos().getAsLong() - start;
    }

    private long timed(Work work, int slice) {
        long start = clocks.threadCpuNanos().getAsLong();
        work.run(slice);
        return clocks.threadCpuNanos().getAsLong() - start;
    }

    private long together(int count, Work work) {
        List<Future<Long>> parts = new ArrayList<>();
        for (int slice = 0; slice < count; slice++) {
            int part = slice;
            parts.add(threads.submit(() -> timed(work, part)));
        }
        long sum = 0;
        for (Future<Long> part : parts) {
            sum += await(part);
        }
        return sum;
    }

    private static long await(Future<Long> part) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return part.get();
                } catch (InterruptedException _) {
                    interrupted = true; // the other parts are under way, so this one is waited for
                } catch (ExecutionException failure) {
                    switch (failure.getCause()) {
                        case RuntimeException cause -> throw cause;
                        case Error cause -> throw cause;
                        case null, default -> throw new IllegalStateException(failure);
                    }
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// From the start of the last work to its end.
    long wallNanos() {
        return wallNanos;
    }

    /// What the threads of the last work computed.
    long cpuNanos() {
        return cpuNanos;
    }

    @Override
    public void close() {
        threads.close();
    }
}
