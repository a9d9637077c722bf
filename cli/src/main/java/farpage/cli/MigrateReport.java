package farpage.cli;

import farpage.emulator.bench.Distribution;
import farpage.emulator.bench.MigrateBench;
import farpage.emulator.bench.MigrateCase;
import farpage.emulator.bench.MigrateFinding;
import farpage.emulator.bench.RoundPlan;
import farpage.emulator.bench.Throughput;
import farpage.mm.PageSize;
import farpage.mm.migrate.MigratePhase;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/// What `bench migrate` found, as rows.
final class MigrateReport {
    private static final double NANOS_IN_MICRO = 1e3;

    private final MigrateBench.Result result;
    private final BenchSeries series = new BenchSeries();

    MigrateReport(MigrateBench.Result result) {
        this.result = result;
        for (MigrateFinding finding : result.findings()) {
            if (isMeasured(finding)) {
                series.add(
                        series(finding),
                        finding.row().batchPages(),
                        finding.figures().orElseThrow());
            }
        }
    }

    private static boolean isMeasured(MigrateFinding finding) {
        return finding.figures().isPresent() && finding.figures().get().failure().isEmpty();
    }

    /// Rows that differ in the pages of a command alone.
    private static String series(MigrateFinding finding) {
        return "%s order %d %s flying %d"
                .formatted(
                        finding.direction().label(),
                        finding.row().order(),
                        finding.row().layout(),
                        finding.row().inFlight());
    }

    BenchReport report(RoundPlan rounds, long spanBytes) {
        List<BenchColumn> identity =
                List.of(
                        BenchColumn.text("direction", "direction"),
                        BenchColumn.count("order", "order"),
                        BenchColumn.text("layout", "layout"),
                        BenchColumn.count("batch", "batchPages"),
                        BenchColumn.count("flying", "inFlight"));
        List<BenchColumn> columns = new ArrayList<>(identity);
        columns.addAll(BenchThroughput.columns());
        List<BenchColumn> phases = new ArrayList<>(identity);
        for (MigratePhase phase : MigratePhase.values()) {
            phases.add(
                    BenchColumn.computed(
                            name(phase) + " µs",
                            0,
                            row -> row.inner("phaseMicros").figure(name(phase))));
        }
        phases.add(BenchColumn.computed("but copy, ns/page", 0, MigrateReport::bookkeeping));
        return new BenchReport(
                result.findings().stream().map(this::row).toList(),
                columns,
                phases,
                "scattered folios lie at random in %s on either side; %s; phases are of the whole move,"
                                .formatted(
                                        SizeConverter.format(spanBytes),
                                        BenchThroughput.legend(rounds))
                        + " from rounds of their own",
                series.findings());
    }

    /// What a base page costs beside its copy, in nanoseconds.
    private static OptionalDouble bookkeeping(Row row) {
        Row phases = row.inner("phaseMicros");
        double micros = 0;
        for (MigratePhase phase : MigratePhase.values()) {
            if (phase != MigratePhase.COPY) {
                micros += phases.figure(name(phase)).orElse(0);
            }
        }
        double pages = row.figure("bytes").orElse(0) / PageSize.PAGE_SIZE;
        return micros == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(micros * NANOS_IN_MICRO / pages);
    }

    private static String name(MigratePhase phase) {
        return phase.name().toLowerCase(Locale.ROOT);
    }

    private Row row(MigrateFinding finding) {
        MigrateCase of = finding.row();
        String direction = finding.direction().label();
        Optional<String> failure = finding.figures().flatMap(Throughput::failure);
        Row row =
                finding.obstacle()
                        .map(obstacle -> Row.skipped("migrate", obstacle))
                        .or(() -> failure.map(wrong -> Row.failed("migrate", wrong)))
                        .orElseGet(() -> Row.ok("migrate"));
        row.put("name", direction + " " + of)
                .put("direction", direction)
                .put("order", of.order())
                .put("layout", of.layout().label())
                .put("batchPages", of.batchPages())
                .put("inFlight", of.inFlight())
                .put("bytes", of.bytes());
        finding.figures().ifPresent(figures -> BenchThroughput.put(row, figures));
        if (!finding.phases().isEmpty()) {
            row.put("phaseMicros", phases(finding));
        }
        if (isMeasured(finding)) {
            series.fit(series(finding)).ifPresent(fit -> BenchThroughput.put(row, fit));
        }
        return finding.figures().isPresent() ? row.put("verified", failure.isEmpty()) : row;
    }

    private static Row phases(MigrateFinding finding) {
        Row row = new Row();
        for (MigratePhase phase : MigratePhase.values()) {
            Distribution times = finding.phases().get(phase);
            if (times != null) {
                row.put(name(phase), BenchRow.micros(times));
            }
        }
        return row;
    }
}
