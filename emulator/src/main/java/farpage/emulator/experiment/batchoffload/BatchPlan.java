package farpage.emulator.experiment.batchoffload;

import farpage.emulator.experiment.ExperimentAmount;
import farpage.mm.PageSize;
import java.util.List;

/// How much the experiment on batch copies does.
///
/// @param bytes of memory that moves, in multiples of 2 MiB
/// @param runs that count, each over all cases
/// @param warmUpRuns before them
/// @param orders of the folios, ascending
/// @kernel None: drivers/migoffc is measured by a program of its own
record BatchPlan(long bytes, int runs, int warmUpRuns, List<Integer> orders) {
    private static final long BYTES_DEFAULT = 32L << 20;
    private static final int RUNS_DEFAULT = 11;
    private static final int WARM_UP_RUNS_DEFAULT = 3;

    /// 4 KiB, 64 KiB and 2 MiB.
    static final List<Integer> ORDERS_DEFAULT = List.of(0, 4, 9);

    /// Folios of a batch.
    static final List<Integer> BATCHES = List.of(1, 16, 512);

    /// Threads that copy.
    static final int THREADS = 4;

    private static final long BYTES_MAX = 1L << 30;

    /// @throws IllegalArgumentException for what can not be measured
    static BatchPlan of(ExperimentAmount amount) {
        return new BatchPlan(
                amount.bytesOr(BYTES_DEFAULT, PageSize.PMD_SIZE, BYTES_MAX),
                amount.runsOr(RUNS_DEFAULT),
                amount.warmUpRunsOr(WARM_UP_RUNS_DEFAULT),
                amount.ordersOr(ORDERS_DEFAULT));
    }

    long folioBytes(int order) {
        return (long) PageSize.PAGE_SIZE << order;
    }

    /// Whether the memory has as many folios.
    boolean has(int order, int batch) {
        return batch * folioBytes(order) <= bytes;
    }
}
