package farpage.emulator.bench;

import java.util.Optional;
import java.util.OptionalDouble;

/// What was found about one row.
///
/// @param bytes of one move
/// @param times of the moves
/// @param raw times of a plain transfer of as many bytes
/// @param pattern times of `memcpy` of the same pages, on devices that share the host's memory
/// @param firstPage from the start of a move until its first page could be used
/// @param ratio to the plain transfer, median over the rounds
/// @param patternRatio to `memcpy`, likewise
/// @param spread of the ratio between rounds: the middle half of them, as a part of the median
/// @param cpuNanos that the process spent on processors for all moves
/// @param failure what was wrong with the data, if something was
/// @kernel tools/testing/selftests/mm/hmm-tests.c: print_benchmark_results
public record Throughput(
        long bytes,
        Distribution times,
        Distribution raw,
        Optional<Distribution> pattern,
        Distribution firstPage,
        double ratio,
        OptionalDouble patternRatio,
        double spread,
        long cpuNanos,
        Optional<String> failure) {
    /// The same figures of a row that turned out wrong.
    Throughput failed(String what) {
        return new Throughput(
                bytes,
                times,
                raw,
                pattern,
                firstPage,
                ratio,
                patternRatio,
                spread,
                cpuNanos,
                Optional.of(what));
    }

    /// Seconds on processors for each 10^9 bytes.
    public double cpuSecondsPerGb() {
        return (double) cpuNanos / (bytes * times.reps());
    }
}
