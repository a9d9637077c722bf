package farpage.emulator.experiment.peer;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/// What was measured.
///
/// @param samples by the pages of a range and the design
/// @param raw nanoseconds of plain copies, by the pages of a range
/// @kernel tools/testing/selftests/mm/hmm-tests.c: struct benchmark_results
record PeerResult(
        Map<Integer, Map<PeerDesign, PeerSamples>> samples, Map<Integer, List<Long>> raw) {
    PeerSamples of(int pages, PeerDesign design) {
        return Objects.requireNonNull(Objects.requireNonNull(samples.get(pages)).get(design));
    }

    List<Long> raw(int pages) {
        return Objects.requireNonNull(raw.get(pages));
    }
}
