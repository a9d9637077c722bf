package farpage.emulator.experiment.filebacked;

import farpage.emulator.experiment.ExperimentAmount;
import farpage.mm.PageSize;

/// How much the experiment on files does.
///
/// @param bytes of the file
/// @param runs that count
/// @param warmUpRuns before them
record FilePlan(long bytes, int runs, int warmUpRuns) {
    private static final long BYTES_DEFAULT = 4L << 20;
    private static final long BYTES_MAX = 1L << 30;
    private static final int RUNS_DEFAULT = 9;
    private static final int WARM_UP_RUNS_DEFAULT = 3;

    /// @throws IllegalArgumentException for what can not be measured
    static FilePlan of(ExperimentAmount amount) {
        return new FilePlan(
                amount.bytesOr(BYTES_DEFAULT, PageSize.PAGE_SIZE, BYTES_MAX),
                amount.runsOr(RUNS_DEFAULT),
                amount.warmUpRunsOr(WARM_UP_RUNS_DEFAULT));
    }
}
