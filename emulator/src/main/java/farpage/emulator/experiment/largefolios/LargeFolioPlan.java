package farpage.emulator.experiment.largefolios;

import farpage.emulator.experiment.ExperimentAmount;
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
    static final List<Integer> ORDERS =
            IntStream.rangeClosed(0, PageSize.LEVEL_SHIFT)
                    .filter(order -> order != 1)
                    .boxed()
                    .toList();

    private static final long BYTES_DEFAULT = 16L << 20;
    private static final int RUNS_DEFAULT = 7;
    private static final int WARM_UP_RUNS_DEFAULT = 8;
    private static final long BYTES_MAX = 1L << 30;

    /// The order of a folio of 2 MiB.
    static final int HUGE_ORDER = PageSize.LEVEL_SHIFT;

    static final long BLOCK_BYTES = PageSize.PAGE_SIZE << HUGE_ORDER;

    /// @throws IllegalArgumentException for what can not be measured
    static LargeFolioPlan of(ExperimentAmount amount) {
        return new LargeFolioPlan(
                amount.bytesOr(BYTES_DEFAULT, BLOCK_BYTES, BYTES_MAX),
                amount.runsOr(RUNS_DEFAULT),
                amount.warmUpRunsOr(WARM_UP_RUNS_DEFAULT),
                amount.ordersOr(ORDERS));
    }

    /// The ways that folios of an order can go.
    static List<FolioPath> paths(int order) {
        return order == 0 ? List.of(FolioPath.WHOLE) : List.of(FolioPath.values());
    }
}
