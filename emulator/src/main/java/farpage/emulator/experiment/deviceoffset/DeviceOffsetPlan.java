package farpage.emulator.experiment.deviceoffset;

import farpage.emulator.experiment.ExperimentAmount;
import farpage.mm.PageSize;

/// How much the experiment does.
///
/// @param bytes of the memory that migrates
/// @param runs that count
/// @param warmUpRuns before them
/// @kernel tools/testing/selftests/mm/hmm-tests.c: parameters of benchmark_thp_migration
record DeviceOffsetPlan(long bytes, int runs, int warmUpRuns) {
    /// Sizes of devices: two that are sold, and two more.
    static final long[] DEVICE_SIZES = {80L << 30, 141L << 30, 256L << 30, 1L << 40};

    private static final long BYTES_DEFAULT = 64L << 20;
    private static final int RUNS_DEFAULT = 9;
    private static final int WARM_UP_RUNS_DEFAULT = 5;
    private static final long BYTES_MAX = 1L << 30;

    /// Descriptors are made in as much memory as that many times what migrates.
    private static final int DESCRIPTOR_TIMES = 40;

    /// So many times what migrates is in use of a device, where descriptors in use are measured.
    private static final int USED_TIMES = 64;

    /// @throws IllegalArgumentException for what can not be measured
    static DeviceOffsetPlan of(ExperimentAmount amount) {
        return new DeviceOffsetPlan(
                amount.bytesOr(BYTES_DEFAULT, PageSize.PMD_SIZE, BYTES_MAX),
                amount.runsOr(RUNS_DEFAULT),
                amount.warmUpRunsOr(WARM_UP_RUNS_DEFAULT));
    }

    long descriptorBytesMax() {
        return DESCRIPTOR_TIMES * bytes;
    }

    int usedPages() {
        return (int) PageSize.pageNumber(USED_TIMES * bytes);
    }
}
