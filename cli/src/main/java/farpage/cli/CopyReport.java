package farpage.cli;

import farpage.emulator.bench.CopyBench;
import farpage.emulator.bench.CopyCase;
import farpage.emulator.bench.CopyFinding;
import farpage.emulator.bench.RoundPlan;
import farpage.emulator.bench.Throughput;
import farpage.mm.PageSize;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What `bench copy` found, as rows.
final class CopyReport {
    private final CopyBench.Result result;
    private final BenchSeries series = new BenchSeries();

    CopyReport(CopyBench.Result result) {
        this.result = result;
        for (CopyFinding finding : result.findings()) {
            if (isMeasured(finding)) {
                series.add(
                        series(finding.row()),
                        finding.row().batchPages(),
                        finding.figures().orElseThrow());
            }
        }
    }

    private static boolean isMeasured(CopyFinding finding) {
        return finding.figures().isPresent() && finding.figures().get().failure().isEmpty();
    }

    /// Rows that differ in the pages of a batch alone.
    private static String series(CopyCase row) {
        boolean isOneBatch = row.bytes() == PageSize.pageAddress(row.batchPages());
        return "%s %s %s%s, %d in flight"
                .formatted(
                        row.methodLabel(),
                        row.direction(),
                        row.layout(),
                        isOneBatch ? " in one batch" : "",
                        row.inFlight());
    }

    BenchReport report(RoundPlan rounds, long spanBytes) {
        List<BenchColumn> columns =
                new ArrayList<>(
                        List.of(
                                BenchColumn.text("method", "method"),
                                BenchColumn.text("dir", "direction"),
                                BenchColumn.text("layout", "layout"),
                                BenchColumn.count("batch", "batchPages"),
                                BenchColumn.count("flying", "inFlight")));
        columns.addAll(BenchThroughput.columns());
        return new BenchReport(
                result.findings().stream().map(this::row).toList(),
                columns,
                "base pages, out of %s on either side; %s"
                        .formatted(SizeConverter.format(spanBytes), BenchThroughput.legend(rounds)),
                series.findings());
    }

    private Row row(CopyFinding finding) {
        CopyCase of = finding.row();
        Optional<String> failure = finding.figures().flatMap(Throughput::failure);
        Row row =
                finding.obstacle()
                        .map(obstacle -> Row.skipped("copy", obstacle))
                        .or(() -> failure.map(wrong -> Row.failed("copy", wrong)))
                        .orElseGet(() -> Row.ok("copy"));
        row.put("name", of.toString())
                .put("method", of.methodLabel())
                .put("direction", of.direction().label())
                .put("layout", of.layout().label())
                .put("pageBytes", PageSize.PAGE_SIZE)
                .put("batchPages", of.batchPages())
                .put("inFlight", of.inFlight())
                .put("bytes", of.bytes());
        finding.figures().ifPresent(figures -> BenchThroughput.put(row, figures));
        if (isMeasured(finding)) {
            series.fit(series(of)).ifPresent(fit -> BenchThroughput.put(row, fit));
        }
        return finding.figures().isPresent() ? row.put("verified", failure.isEmpty()) : row;
    }
}
