package farpage.emulator.experiment.batchoffload;

import farpage.emulator.experiment.FindingChart;
import farpage.emulator.experiment.FindingChart.Kind;
import farpage.emulator.experiment.FindingChart.Series;
import farpage.emulator.experiment.FindingColumn;
import farpage.emulator.experiment.FindingRow;
import farpage.emulator.experiment.FindingTable;
import farpage.emulator.experiment.FindingUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The figures on batch copies as tables: one for each size of folio.
final class BatchTables {
    private static final String TABLE = "move";
    private static final double MICRO = 1e3;
    private static final int KIBI_SHIFT = 10;
    private static final int MEBI_SHIFT = 20;

    private static final List<FindingColumn> COLUMNS =
            List.of(
                    FindingColumn.of("batch", "batch", FindingUnit.COUNT),
                    FindingColumn.of("way", "copied by", FindingUnit.TEXT),
                    FindingColumn.of("gbps", "GB/s", FindingUnit.GBPS),
                    FindingColumn.of("times", "times", FindingUnit.RATIO),
                    FindingColumn.of("copyShare", "copy", FindingUnit.SHARE),
                    FindingColumn.of("awayMicros", "away p50", FindingUnit.MICROS),
                    FindingColumn.of("awayMicros", "p99", FindingUnit.MICROS_P99),
                    FindingColumn.of("memcpyGbps", "memcpy", FindingUnit.GBPS),
                    FindingColumn.hidden("folio", FindingUnit.TEXT),
                    FindingColumn.hidden("folioBytes", FindingUnit.BYTES),
                    FindingColumn.hidden("batchBytes", FindingUnit.BYTES),
                    FindingColumn.hidden("bytes", FindingUnit.BYTES),
                    FindingColumn.hidden("partMicros", FindingUnit.NUMBER));

    private BatchTables() {}

    static List<FindingTable> of(BatchMeasurement measured) {
        BatchPlan plan = measured.plan();
        List<FindingTable> tables = new ArrayList<>();
        for (int order : plan.orders()) {
            List<FindingRow> rows = new ArrayList<>();
            for (int batch : BatchPlan.BATCHES) {
                for (CopyWay way : CopyWay.values()) {
                    rows.add(row(measured, order, batch, way));
                }
            }
            tables.add(
                    new FindingTable(
                            TABLE,
                            size(plan.folioBytes(order))
                                    + " folios: batch is folios, copy its part of the time, away the µs"
                                    + " from unmap to remap",
                            COLUMNS,
                            rows));
        }
        return tables;
    }

    private static FindingRow row(BatchMeasurement measured, int order, int batch, CopyWay way) {
        BatchPlan plan = measured.plan();
        String folio = size(plan.folioBytes(order));
        String name = "folios of %s, batches of %d, %s".formatted(folio, batch, way.label());
        if (!plan.has(order, batch)) {
            String needed = size(batch * plan.folioBytes(order));
            return FindingRow.skipped(name, "needs " + needed)
                    .put("folio", folio)
                    .put("batch", batch)
                    .put("way", way.label());
        }
        BatchCase each = measured.find(order, batch, way);
        Map<String, Double> parts = new LinkedHashMap<>();
        parts.put("unmap", each.unmapNanos() / MICRO);
        parts.put("copy", each.copyNanos() / MICRO);
        parts.put("move", each.moveNanos() / MICRO);
        double today = measured.gbps(measured.find(order, batch, CopyWay.TODAY));
        return FindingRow.of(name)
                .put("folio", folio)
                .put("folioBytes", plan.folioBytes(order))
                .put("batch", batch)
                .put("batchBytes", batch * plan.folioBytes(order))
                .put("bytes", plan.bytes())
                .put("way", way.label())
                .put("gbps", measured.gbps(each))
                .put("times", measured.gbps(each) / today)
                .put("memcpyGbps", measured.plainGbps(order))
                .put("copyShare", each.copyShare())
                .put("awayMicros", each.away())
                .put("partMicros", parts);
    }

    static List<FindingChart> charts() {
        List<FindingChart> charts = new ArrayList<>();
        for (int order : BatchPlan.ORDERS_DEFAULT) {
            String folio = size(4096L << order);
            charts.add(
                    chart(
                            folio + " folios: throughput by folios of a batch",
                            "GB/s",
                            folio,
                            "gbps"));
            charts.add(
                    chart(
                            folio + " folios: time that a folio can not be used",
                            "µs",
                            folio,
                            "awayMicros"));
        }
        return charts;
    }

    private static FindingChart chart(String caption, String unit, String folio, String field) {
        List<Series> series =
                Arrays.stream(CopyWay.values())
                        .map(way -> Series.where(way.label(), field, "way", way.label()))
                        .toList();
        return new FindingChart(
                Kind.LINES, caption, TABLE, unit, "batch", Map.of("folio", folio), series);
    }

    static String size(long bytes) {
        return bytes < 1L << MEBI_SHIFT
                ? (bytes >> KIBI_SHIFT) + " KiB"
                : (bytes >> MEBI_SHIFT) + " MiB";
    }
}
