package farpage.cli;

import farpage.emulator.bench.CostFit;
import farpage.emulator.bench.RoundPlan;
import farpage.emulator.bench.Throughput;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/// How the figures of moves stand in rows and tables.
final class BenchThroughput {
    private static final double NANOS_IN_MICRO = 1e3;

    private BenchThroughput() {}

    /// Adds the figures to a row.
    static void put(Row row, Throughput figures) {
        long bytes = figures.bytes();
        row.put("gbps", BenchRow.gbps(bytes, figures.times()))
                .put("rawGbps", BenchRow.gbps(bytes, figures.raw()))
                .put("ratio", figures.ratio());
        figures.pattern().ifPresent(times -> row.put("patternGbps", BenchRow.gbps(bytes, times)));
        figures.patternRatio().ifPresent(ratio -> row.put("patternRatio", ratio));
        row.put("spread", figures.spread())
                .put("cpuSecondsPerGb", figures.cpuSecondsPerGb())
                .put("firstPageMicros", BenchRow.micros(figures.firstPage()))
                .put("lastPageMicros", BenchRow.micros(figures.times()));
    }

    /// Adds what was found about a row's series, sizes against times.
    static void put(Row row, CostFit fit) {
        row.put(
                "fit",
                new Row()
                        .put("fixedMicros", fit.fixedNanos() / NANOS_IN_MICRO)
                        .put("gbps", fit.gbps())
                        .put("halfBandwidthBytes", Math.round(fit.halfBytes())));
    }

    /// The columns of the figures.
    static List<BenchColumn> columns() {
        return List.of(
                BenchColumn.size("moved", "bytes"),
                BenchColumn.number("GB/s", 2, "gbps"),
                BenchColumn.inner("slow", 2, "gbps", "p99"),
                BenchColumn.number("plain", 2, "rawGbps"),
                BenchColumn.number("ratio", 2, "ratio"),
                BenchColumn.number("memcpy", 2, "patternGbps"),
                BenchColumn.number("ratio", 2, "patternRatio"),
                new BenchColumn("spread", false, row -> percent(row.figure("spread"))),
                BenchColumn.number("first µs", 0, "firstPageMicros"),
                BenchColumn.number("last µs", 0, "lastPageMicros"),
                BenchColumn.number("CPU s/GB", 3, "cpuSecondsPerGb"));
    }

    private static String percent(OptionalDouble part) {
        return part.isEmpty()
                ? ""
                : String.format(Locale.ROOT, "%.0f %%", 100 * part.getAsDouble());
    }

    /// What the columns mean.
    static String legend(RoundPlan rounds) {
        return "%d rounds and more, each of the move, a plain OpenCL transfer of as many bytes"
                        .formatted(rounds.roundsMin())
                + " (ratio) and memcpy of the same pages (ratio), in changing order; medians; slow"
                + " is what all but 1 % reach; spread is the middle half of the ratios; first and"
                + " last: when a page could be used; every byte compared";
    }

    /// A fit in words.
    static String describe(String series, CostFit fit, OptionalDouble patternNanosPerByte) {
        StringBuilder text =
                new StringBuilder(
                        String.format(
                                Locale.ROOT,
                                "%s: %.1f µs for each batch and %.2f GB/s beyond; half of that at"
                                        + " %.0f KiB",
                                series,
                                fit.fixedNanos() / NANOS_IN_MICRO,
                                fit.gbps(),
                                fit.halfBytes() / 1024));
        if (patternNanosPerByte.isPresent()) {
            OptionalDouble bytes = fit.breakEvenBytes(patternNanosPerByte.getAsDouble());
            text.append(
                    bytes.isEmpty()
                            ? "; never faster than memcpy"
                            : String.format(
                                    Locale.ROOT,
                                    "; faster than memcpy from %.0f pages on",
                                    Math.ceil(bytes.getAsDouble() / 4096)));
        }
        return text.toString();
    }
}
