package farpage.cli;

import farpage.emulator.bench.CostFit;
import farpage.emulator.bench.Throughput;
import farpage.mm.PageSize;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/// Rows that differ in the pages of a batch alone: what each batch costs whatever its size, and
/// what each byte adds.
final class BenchSeries {
    /// A line through fewer sizes says nothing that the rows do not.
    private static final int SIZES_MIN = 3;

    private final Map<String, List<Member>> series = new LinkedHashMap<>();

    private record Member(long batchPages, Throughput figures) {
        /// The time of one batch.
        private CostFit.Point point() {
            double bytes = PageSize.pageAddress(batchPages);
            double batches = figures.bytes() / bytes;
            return new CostFit.Point(bytes, figures.times().medianNanos() / batches);
        }
    }

    void add(String name, long batchPages, Throughput figures) {
        series.computeIfAbsent(name, _ -> new ArrayList<>()).add(new Member(batchPages, figures));
    }

    /// The line through the members of a series, if it has members enough.
    Optional<CostFit> fit(String name) {
        List<Member> members = series.getOrDefault(name, List.of());
        return members.size() < SIZES_MIN
                ? Optional.empty()
                : CostFit.of(members.stream().map(Member::point).toList());
    }

    /// The lines in words.
    List<String> findings() {
        List<String> findings = new ArrayList<>();
        series.forEach((name, members) ->
                fit(name)
                        .ifPresent(fit ->
                                findings.add(
                                        BenchThroughput.describe(
                                                name, fit, pattern(members.getLast())))));
        return findings;
    }

    private static OptionalDouble pattern(Member member) {
        return member.figures()
                .pattern()
                .map(times ->
                        OptionalDouble.of((double) times.medianNanos() / member.figures().bytes()))
                .orElse(OptionalDouble.empty());
    }
}
