package farpage.emulator.experiment.coherent;

import farpage.mm.PageSize;
import farpage.mm.memory.HostMemory;

/// How much the experiment on coherent memory does.
///
/// @param bytes of memory that moves, and of the device's memory
/// @param runs that count
/// @param warmUpRuns before them
record CoherentPlan(long bytes, int runs, int warmUpRuns) {
    static final long BYTES_DEFAULT = 16L << 20;
    static final int RUNS_DEFAULT = 9;
    static final int WARM_UP_RUNS_DEFAULT = 6;

    private static final long BYTES_MAX = 1L << 28;
    private static final int RUNS_MAX = 1000;

    /// Checks the limits.
    CoherentPlan {
        if (bytes <= 0 || bytes > BYTES_MAX || bytes % HostMemory.NODE_ALIGNMENT != 0) {
            throw new IllegalArgumentException(
                    "bytes: value=" + bytes + ", limit=n*4 MiB up to 256 MiB");
        }
        require("runs", runs, 1);
        require("warmUpRuns", warmUpRuns, 0);
    }

    private static void require(String name, int value, int least) {
        if (value < least || value > RUNS_MAX) {
            throw new IllegalArgumentException(
                    name + ": value=" + value + ", limit=" + least + " to " + RUNS_MAX);
        }
    }

    int pages() {
        return Math.toIntExact(PageSize.pageNumber(bytes));
    }
}
