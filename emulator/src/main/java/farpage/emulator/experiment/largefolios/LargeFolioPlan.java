package farpage.emulator.experiment.largefolios;

import farpage.mm.PageSize;
import java.util.List;
import java.util.stream.IntStream;

/// How much the experiment on large folios does.
///
/// @param bytes of memory that moves, in multiples of 2 MiB
/// @param runs that count, each over all orders
/// @param warmUpRuns before them
/// @param orders of the folios, ascending
/// @kernel tools/testing/selftests/mm/hmm-tests.c: TEST_F(hmm, benchmark_thp_migration)
record LargeFolioPlan(long bytes, int runs, int warmUpRuns, List<Integer> orders) {
    /// The orders that folios have: base pages, and those from four pages to 2 MiB.
    public static final List<Integer> ORDERS =
            IntStream.rangeClosed(0, PageSize.LEVEL_SHIFT)
                    .filter(order -> order != 1)
                    .boxed()
                    .toList();

    /// Memory where nothing else is asked for.
    public static final long BYTES_DEFAULT = 16L << 20;

    /// Runs where nothing else is asked for.
    public static final int RUNS_DEFAULT = 7;

    /// The runs before those that count, where nothing else is asked for.
    public static final int WARM_UP_RUNS_DEFAULT = 8;

    /// The most bytes.
    public static final long BYTES_MAX = 1L << 30;

    /// The most runs of each kind.
    public static final int RUNS_MAX = 1000;

    /// The order of a folio of 2 MiB.
    static final int HUGE_ORDER = PageSize.LEVEL_SHIFT;

    static final long BLOCK_BYTES = PageSize.PAGE_SIZE << HUGE_ORDER;

    /// Checks the limits.
    LargeFolioPlan {
        if (bytes < BLOCK_BYTES || bytes > BYTES_MAX || bytes % BLOCK_BYTES != 0) {
            throw new IllegalArgumentException(
                    "bytes: value=" + bytes + ", limit=n*2 MiB up to 1 GiB");
        }
        require("runs", runs, 1);
        require("warmUpRuns", warmUpRuns, 0);
        orders = orders.stream().sorted().distinct().toList();
        if (orders.isEmpty() || !ORDERS.containsAll(orders)) {
            throw new IllegalArgumentException("orders: value=" + orders + ", limit=of " + ORDERS);
        }
    }

    private static void require(String name, int value, int least) {
        if (value < least || value > RUNS_MAX) {
            throw new IllegalArgumentException(
                    name + ": value=" + value + ", limit=" + least + " to " + RUNS_MAX);
        }
    }

    /// The ways that folios of an order can go.
    static List<FolioPath> paths(int order) {
        return order == 0 ? List.of(FolioPath.WHOLE) : List.of(FolioPath.values());
    }
}
