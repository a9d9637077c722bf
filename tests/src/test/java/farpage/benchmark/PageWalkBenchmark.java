package farpage.benchmark;

import farpage.emulator.bench.PageOrder;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import java.util.Objects;
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

/// Walks from the top of a page table to entries, in a process of 2 million pages.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PageWalkBenchmark {
    private static final int PAGES = 1 << 21;
    private static final int VISITED = 1 << 18;
    private static final long START = 0x7f00_0000_0000L;

    /// How the visited pages lie.
    @Param public PageOrder order = PageOrder.CONTIGUOUS;

    private final PageTable table = new PageTable();
    private int[] pages = {};

    /// Every page is mapped.
    @Setup
    public void map() {
        for (int page = 0; page < PAGES; page++) {
            long address = START + PageSize.pageAddress(page);
            PageTableLeaf leaf = table.leafOrNew(address);
            leaf.lock();
            leaf.setEntryLocked(
                    PageTableLeaf.slot(address), PageTableEntry.ofPage(Page.ofPfn(page), true));
            leaf.unlock();
        }
        pages = order.places(PAGES, new SplittableRandom(1));
    }

    /// All four levels for each page, and its entry.
    @Benchmark
    @OperationsPerInvocation(VISITED)
    public long walk() {
        long sum = 0;
        for (int i = 0; i < VISITED; i++) {
            long address = START + PageSize.pageAddress(pages[i]);
            PageTableLeaf leaf = Objects.requireNonNull(table.lookupLeaf(address));
            sum += PageTableEntry.page(leaf.entryAcquire(PageTableLeaf.slot(address)));
        }
        return sum;
    }

    /// The same with the table's lock taken and given back for each entry, as a fault does.
    @Benchmark
    @OperationsPerInvocation(VISITED)
    public long walkAndLock() {
        long sum = 0;
        for (int i = 0; i < VISITED; i++) {
            long address = START + PageSize.pageAddress(pages[i]);
            PageTableLeaf leaf = Objects.requireNonNull(table.lookupLeaf(address));
            leaf.lock();
            sum += PageTableEntry.page(leaf.entryLocked(PageTableLeaf.slot(address)));
            leaf.unlock();
        }
        return sum;
    }
}
