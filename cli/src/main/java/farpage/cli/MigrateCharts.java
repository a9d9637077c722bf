package farpage.cli;

import farpage.mm.PageSize;
import farpage.mm.migrate.MigratePhase;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// Charts of `bench migrate`: the rate by the pages of a command and by the size of the folios,
/// beside the device's own rate and that of `memcpy`, and where the time goes.
final class MigrateCharts {
    private static final double NANOS_IN_MICRO = 1e3;

    private final List<Row> rows;

    MigrateCharts(List<Row> rows) {
        this.rows = rows;
    }

    static String direction(String direction) {
        return switch (direction) {
            case "toDevice" -> "To the device";
            case "toSystem" -> "To the system";
            default -> direction;
        };
    }

    List<ReportCharts.Figure> figures() {
        List<ReportCharts.Figure> figures = new ArrayList<>();
        for (String direction : ReportCharts.values(rows, "direction")) {
            String name = direction(direction);
            List<Row> own = ReportCharts.where(rows, "direction", direction);
            for (String layout : ReportCharts.values(own, "layout")) {
                addRates(figures, name, layout, ReportCharts.where(own, "layout", layout));
            }
            addPhases(figures, name, own);
        }
        return figures;
    }

    private static void addRates(
            List<ReportCharts.Figure> figures, String name, String layout, List<Row> rows) {
        List<Double> orders = ReportCharts.numbers(rows, "order");
        for (double order : ends(orders)) {
            List<Row> own = ReportCharts.where(rows, "order", order);
            limits(new ReportCharts.Lines("Throughput", "GB/s", "batchPages", false), own)
                    .addTo(
                            figures,
                            "%s: throughput by the pages of a command, folios of %s, %s"
                                    .formatted(name, ReportCharts.folio(order), layout));
        }
        if (orders.size() < 2) {
            return;
        }
        for (double batch : ReportCharts.numbers(rows, "batchPages")) {
            List<Row> own = new ArrayList<>();
            for (Row row : ReportCharts.where(rows, "batchPages", batch)) {
                own.add(withFolioBytes(row));
            }
            if (ReportCharts.numbers(own, "order").size() == orders.size() && orders.size() > 2) {
                limits(new ReportCharts.Lines("Throughput", "GB/s", "folioBytes", true), own)
                        .addTo(
                                figures,
                                "%s: throughput by the size of the folios, %s pages a command, %s"
                                        .formatted(name, SvgText.number(batch), layout));
            }
        }
    }

    private static ReportCharts.Lines limits(ReportCharts.Lines lines, List<Row> rows) {
        for (String flying : ReportCharts.values(rows, "inFlight")) {
            lines.add(
                    "migration, " + flying + " under way",
                    ReportCharts.where(rows, "inFlight", flying),
                    "gbps");
        }
        return lines.add("migration", ReportCharts.where(rows, row -> !row.has("inFlight")), "gbps")
                .add("one plain OpenCL transfer", rows, "rawGbps")
                .add("memcpy of the same pages", rows, "patternGbps");
    }

    private static String label(Row row) {
        String label = "%s, %s".formatted(row.text("batchPages"), row.text("layout"));
        boolean isAlone = !row.has("inFlight") || row.text("inFlight").equals("1");
        return isAlone ? label : label + ", " + row.text("inFlight") + " under way";
    }

    private static Row withFolioBytes(Row row) {
        Row copy = new Row();
        copy.values().putAll(row.values());
        return copy.put(
                "folioBytes", PageSize.pageAddress(1L << (int) ReportCharts.number(row, "order")));
    }

    private static List<Double> ends(List<Double> orders) {
        return orders.size() < 2 ? orders : List.of(orders.getFirst(), orders.getLast());
    }

    /// Phases of base pages and of the largest folios, for 4 KiB each.
    private static void addPhases(List<ReportCharts.Figure> figures, String name, List<Row> rows) {
        String[] phases =
                Arrays.stream(MigratePhase.values())
                        .map(phase -> phase.name().toLowerCase(Locale.ROOT))
                        .toArray(String[]::new);
        for (double order : ReportCharts.numbers(rows, "order")) {
            SvgStackedBars bars = new SvgStackedBars("Phases", "ns", phases);
            for (Row row : ReportCharts.where(rows, "order", order)) {
                double pages = ReportCharts.number(row, "bytes") / PageSize.PAGE_SIZE;
                double[] values = new double[phases.length];
                for (int i = 0; i < phases.length; i++) {
                    values[i] =
                            ReportCharts.inner(row, "phaseMicros", phases[i])
                                    * NANOS_IN_MICRO
                                    / pages;
                }
                if (Arrays.stream(values).allMatch(Double::isFinite)) {
                    bars.add(label(row), values);
                }
            }
            if (!bars.isEmpty()) {
                figures.add(
                        new ReportCharts.Figure(
                                "%s: time for 4 KiB by phase, folios of %s, by the pages of a command"
                                        .formatted(name, ReportCharts.folio(order)),
                                bars.svg()));
            }
        }
    }
}
