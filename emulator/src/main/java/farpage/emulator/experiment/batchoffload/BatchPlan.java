package farpage.emulator.experiment.batchoffload;

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
    static final long BYTES_DEFAULT = 32L << 20;
    static final int RUNS_DEFAULT = 11;
    static final int WARM_UP_RUNS_DEFAULT = 3;

    /// 4 KiB, 64 KiB and 2 MiB.
    static final List<Integer> ORDERS_DEFAULT = List.of(0, 4, 9);

    /// Folios of a batch.
    static final List<Integer> BATCHES = List.of(1, 16, 512);

    /// Threads that copy.
    static final int THREADS = 4;

    private static final long BYTES_MAX = 1L << 30;
    private static final int RUNS_MAX = 1000;

    /// Checks the limits.
    BatchPlan {
        if (bytes < PageSize.PMD_SIZE || bytes > BYTES_MAX || bytes % PageSize.PMD_SIZE != 0) {
            throw new IllegalArgumentException(
                    "bytes: value=" + bytes + ", limit=n*2 MiB up to 1 GiB");
        }
        require("runs", runs, 1);
        require("warmUpRuns", warmUpRuns, 0);
        orders = orders.stream().sorted().distinct().toList();
        for (int order : orders) {
            if (order < 0 || order == 1 || order > PageSize.HPAGE_PMD_ORDER) {
                throw new IllegalArgumentException(
                        "orders: value=" + order + ", limit=0 and 2 to 9");
            }
        }
    }

    private static void require(String name, int value, int least) {
        if (value < least || value > RUNS_MAX) {
            throw new IllegalArgumentException(
                    name + ": value=" + value + ", limit=" + least + " to " + RUNS_MAX);
        }
    }

    long folioBytes(int order) {
        return (long) PageSize.PAGE_SIZE << order;
    }

    /// Whether the memory has as many folios.
    boolean has(int order, int batch) {
        return batch * folioBytes(order) <= bytes;
    }
}
