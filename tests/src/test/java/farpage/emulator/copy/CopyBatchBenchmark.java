package farpage.emulator.copy;

import farpage.emulator.bench.PageOrder;
import farpage.mm.Page;
import farpage.opencl.ClBuffer;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/// The list of pages to copy made of a batch, and cut into what the device is told.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CopyBatchBenchmark {
    private static final int PAGES = 4096;
    private static final int BUFFER_PAGES = 1 << 16;
    private static final int DIRECT_RUN_PAGES = 16;

    /// How the pages lie on the host.
    @Param public PageOrder order = PageOrder.CONTIGUOUS;

    private final CopyBatch batch = new CopyBatch(PAGES);
    private final CopyBatch built = new CopyBatch(PAGES);
    private final CopyPieces straight = new CopyPieces();
    private final CopyPieces scattered = new CopyPieces();
    private final CopyTable table =
            new CopyTable(List.of(new CopyTable.Step(1, CopyMethod.STAGED_ITEM)), DIRECT_RUN_PAGES);
    private final PageBuffers buffers =
            new PageBuffers() {
                @Override
                public ClBuffer buffer(long page) {
                    throw new UnsupportedOperationException("splitting asks for no buffer");
                }

                @Override
                public long offset(long page) {
                    throw new UnsupportedOperationException("splitting asks for no offset");
                }

                @Override
                public int pagesToEnd(long page) {
                    return BUFFER_PAGES - (int) (Page.devicePfn(page) % BUFFER_PAGES);
                }
            };
    private int[] pages = {};

    /// Destinations lie in a row, as an allocator gives them.
    @Setup
    public void makeBatch() {
        pages = order.places(PAGES, new SplittableRandom(1));
        fill(built);
    }

    private void fill(CopyBatch filled) {
        for (int i = 0; i < PAGES; i++) {
            filled.add(Page.ofPfn(pages[i]), Page.ofDevicePfn(i));
        }
    }

    /// The batch from pairs of pages.
    @Benchmark
    @OperationsPerInvocation(PAGES)
    public int build() {
        batch.clear();
        fill(batch);
        return batch.runCount();
    }

    /// Its pieces, straight and scattered.
    @Benchmark
    @OperationsPerInvocation(PAGES)
    public CopyMethod split() {
        straight.clear();
        scattered.clear();
        return new CopyCutter(buffers, HostWindows.NONE)
                .cut(built, CopyDirection.TO_DEVICE, table, straight, scattered);
    }
}
