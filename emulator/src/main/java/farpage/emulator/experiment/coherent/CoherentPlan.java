package farpage.emulator.experiment.coherent;

import farpage.emulator.experiment.ExperimentAmount;
import farpage.mm.PageSize;
import farpage.mm.memory.HostMemory;

/// How much the experiment on coherent memory does.
///
/// @param bytes of memory that moves, and of the device's memory
/// @param runs that count
/// @param warmUpRuns before them
record CoherentPlan(long bytes, int runs, int warmUpRuns) {
    private static final long BYTES_DEFAULT = 16L << 20;
    private static final int RUNS_DEFAULT = 9;
    private static final int WARM_UP_RUNS_DEFAULT = 6;
    private static final long BYTES_MAX = 1L << 28;

    /// @throws IllegalArgumentException for what can not be measured
    static CoherentPlan of(ExperimentAmount amount) {
        return new CoherentPlan(
                amount.bytesOr(BYTES_DEFAULT, HostMemory.NODE_ALIGNMENT, BYTES_MAX),
                amount.runsOr(RUNS_DEFAULT),
                amount.warmUpRunsOr(WARM_UP_RUNS_DEFAULT));
    }

    int pages() {
        return Math.toIntExact(PageSize.pageNumber(bytes));
    }
}
