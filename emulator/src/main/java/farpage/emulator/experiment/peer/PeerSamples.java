package farpage.emulator.experiment.peer;

import farpage.emulator.experiment.Quantiles;
import java.util.ArrayList;
import java.util.List;

/// What one design took for ranges of one size, run by run, in nanoseconds.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: struct benchmark_results
final class PeerSamples {
    /// The second device reads pages that it has not met yet.
    final List<Long> first = new ArrayList<>();

    /// It reads them once more.
    final List<Long> again = new ArrayList<>();

    /// Of the second reading, the bytes' way from device to device.
    final List<Long> copy = new ArrayList<>();

    /// The first device's pages go back to RAM while nobody else has them.
    final List<Long> backAlone = new ArrayList<>();

    /// They go back while the second device has them, which loses them.
    final List<Long> backShared = new ArrayList<>();

    /// Pages that left the first device because the second one read them, in one run.
    long migratedPages;

    /// Pages that the second device lost when they went back, in one run.
    long revokedPages;

    static Quantiles of(List<Long> nanos) {
        return Quantiles.of(nanos.stream().mapToLong(Long::longValue).toArray());
    }

    static long median(List<Long> nanos) {
        return of(nanos).median();
    }
}
