package farpage.emulator.experiment.peer;

import farpage.emulator.experiment.ExperimentAmount;
import farpage.mm.PageSize;
import java.util.ArrayList;
import java.util.List;

/// How much is measured.
///
/// @param pages of the largest range
/// @param runs that count
/// @param warmUpRuns before them
/// @kernel tools/testing/selftests/mm/hmm-tests.c: parameters of benchmark_thp_migration
record PeerPlan(int pages, int runs, int warmUpRuns) {
    private static final long BYTES_DEFAULT = 4L << 20;
    private static final long BYTES_MAX = 256L << 20;
    private static final int RUNS_DEFAULT = 9;
    private static final int WARM_UP_DEFAULT = 4;

    /// Each range has so many times the pages of the one before.
    private static final int STEP = 8;

    /// @throws IllegalArgumentException for what can not be measured
    static PeerPlan of(ExperimentAmount amount) {
        long bytes = amount.bytesOr(BYTES_DEFAULT, PageSize.PAGE_SIZE, BYTES_MAX);
        return new PeerPlan(
                (int) PageSize.pageNumber(bytes),
                amount.runsOr(RUNS_DEFAULT),
                amount.warmUpRunsOr(WARM_UP_DEFAULT));
    }

    /// Pages of each range, from one to all.
    List<Integer> counts() {
        List<Integer> counts = new ArrayList<>();
        for (int count = 1; count < pages; count *= STEP) {
            counts.add(count);
        }
        counts.add(pages);
        return counts;
    }
}
