package farpage.benchmark;

import farpage.mm.lock.LockRank;
import farpage.mm.memory.BuddyAllocator;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/// Pages allocated and given back, out of 4 GiB of which the low half is in use in single pages.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class BuddyAllocatorBenchmark {
    private static final int FRAMES = 1 << 20;
    private static final int BATCH = 512;

    private final BuddyAllocator allocator = new BuddyAllocator(LockRank.DEVICE_ALLOCATOR, FRAMES);
    private final long[] frames = new long[BATCH];

    /// Every other page of the low half is free.
    @Setup
    public void fragment() {
        for (int frame = 0; frame < FRAMES / 2; frame++) {
            allocator.allocate(0);
        }
        for (int frame = 0; frame < FRAMES / 2; frame += 2) {
            allocator.free(frame, 0);
        }
    }

    /// One page and back, each under the lock.
    @Benchmark
    public void single() {
        allocator.free(allocator.allocate(0), 0);
    }

    /// One block of 2 MiB and back.
    @Benchmark
    public void block() {
        allocator.free(allocator.allocate(9), 9);
    }

    /// As many single pages as a migration takes at once, under the lock once, and back one by one.
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void batch() {
        int count = allocator.allocateBatch(frames, 0, BATCH, 0);
        for (int i = 0; i < count; i++) {
            allocator.free((int) frames[i], 0);
        }
    }

    /// The same given back in one go, as far as the pages lie in a row.
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void batchAndRun() {
        int count = allocator.allocateBatch(frames, 0, BATCH, 0);
        for (int first = 0; first < count; ) {
            int end = first + 1;
            while (end < count && frames[end] == frames[end - 1] + 1) {
                end++;
            }
            allocator.freeRun((int) frames[first], end - first);
            first = end;
        }
    }
}
