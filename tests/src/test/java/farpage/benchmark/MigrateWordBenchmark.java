package farpage.benchmark;

import farpage.mm.Page;
import farpage.mm.migrate.MigratePfn;
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

/// The words that carry a migration, read and built as drivers do between its phases.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MigrateWordBenchmark {
    private static final int WORDS = 512;

    private final long[] sources = new long[WORDS];
    private final long[] destinations = new long[WORDS];

    /// Base pages, an eighth of them holes.
    @Setup
    public void makeWords() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < WORDS; i++) {
            sources[i] =
                    random.nextInt(8) == 0
                            ? MigratePfn.SKIP
                            : MigratePfn.ofPage(Page.ofPfn(random.nextInt(1 << 20)));
        }
    }

    /// A destination for every source that has a page.
    @Benchmark
    @OperationsPerInvocation(WORDS)
    public long[] fillDestinations() {
        for (int i = 0; i < WORDS; i++) {
            destinations[i] =
                    MigratePfn.hasPage(sources[i])
                            ? MigratePfn.withWrite(MigratePfn.ofPage(Page.ofDevicePfn(i)))
                            : MigratePfn.SKIP;
        }
        return destinations;
    }

    /// The pages that are to be copied.
    @Benchmark
    @OperationsPerInvocation(WORDS)
    public long pages() {
        long sum = 0;
        for (int i = 0; i < WORDS; i += MigratePfn.pageCount(sources[i])) {
            if (MigratePfn.hasPage(sources[i])) {
                sum += MigratePfn.page(sources[i]);
            }
        }
        return sum;
    }
}
