package farpage.benchmark;

import farpage.mm.Page;
import farpage.mm.pagetable.PageTableEntry;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/// Page table words read, told apart and replaced, as the phases of a migration do.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class EntryCodecBenchmark {
    private static final int ENTRIES = 512;

    private final long[] present = new long[ENTRIES];
    private final long[] migration = new long[ENTRIES];
    private final long[] mixed = new long[ENTRIES];

    /// Entries with some pages writable, young or dirty, and of every shape that a heap has.
    @Setup
    public void makeEntries() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < ENTRIES; i++) {
            boolean writable = random.nextBoolean();
            long entry = PageTableEntry.ofPage(Page.ofPfn(random.nextInt(1 << 20)), writable);
            entry = random.nextBoolean() ? PageTableEntry.withAccess(entry, writable) : entry;
            present[i] = entry;
            migration[i] = PageTableEntry.ofMigration(entry, writable, true);
            mixed[i] =
                    switch (random.nextInt(4)) {
                        case 0 -> PageTableEntry.NONE;
                        case 1 -> migration[i];
                        case 2 ->
                                PageTableEntry.ofDevicePrivate(
                                        Page.ofDevicePfn(i), writable, migration[i]);
                        default -> entry;
                    };
        }
    }

    /// The pages of present entries.
    @Benchmark
    @OperationsPerInvocation(ENTRIES)
    public long page() {
        long sum = 0;
        for (long entry : present) {
            sum += PageTableEntry.page(entry);
        }
        return sum;
    }

    /// The shapes of entries of several kinds.
    @Benchmark
    @OperationsPerInvocation(ENTRIES)
    public int shape() {
        int moving = 0;
        for (long entry : mixed) {
            moving +=
                    switch (PageTableEntry.shape(entry)) {
                        case MIGRATION -> 1;
                        case DEVICE_PRIVATE -> 2;
                        case NONE, PRESENT, SWAP, DEVICE_EXCLUSIVE, HWPOISON, MARKER -> 0;
                    };
        }
        return moving;
    }

    /// A present entry to a migration entry, and that to a device-private one: what a page's own
    /// entry goes through on its way to a device.
    @Benchmark
    @OperationsPerInvocation(ENTRIES)
    public long toDevice() {
        long sum = 0;
        for (int i = 0; i < ENTRIES; i++) {
            boolean writable = PageTableEntry.isWritable(present[i]);
            long moving = PageTableEntry.ofMigration(present[i], writable, true);
            sum += PageTableEntry.ofDevicePrivate(Page.ofDevicePfn(i), writable, moving);
        }
        return sum;
    }

    /// A migration entry to a present one: the end of the way back.
    @Benchmark
    @OperationsPerInvocation(ENTRIES)
    public long toSystem() {
        long sum = 0;
        for (int i = 0; i < ENTRIES; i++) {
            boolean writable = PageTableEntry.isWritableMigration(migration[i]);
            sum += PageTableEntry.ofMigrated(Page.ofPfn(i), migration[i], writable, true);
        }
        return sum;
    }
}
