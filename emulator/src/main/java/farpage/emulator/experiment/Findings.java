package farpage.emulator.experiment;

import java.util.List;

/// What an experiment found.
///
/// @param measured on what and how often, in a few words
/// @param tables of figures
/// @param found what the figures say, a sentence each; every number in them is from the run
/// @param limits what does not carry over to real hardware, a sentence each
/// @kernel tools/testing/selftests/mm/hmm-tests.c: print_benchmark_results
public record Findings(
        String measured, List<FindingTable> tables, List<String> found, List<String> limits) {
    /// Keeps the lists as unmodifiable ones.
    public Findings {
        tables = List.copyOf(tables);
        found = List.copyOf(found);
        limits = List.copyOf(limits);
    }
}
