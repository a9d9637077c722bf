package farpage.cli;

import java.util.ArrayList;
import java.util.List;

/// Charts of `bench metadata`: the time that a page's bookkeeping takes, and its heap.
final class MetadataCharts {
    private static final double NANOS = 1e9;

    private MetadataCharts() {}

    static List<ReportCharts.Figure> figures(List<Row> rows) {
        List<ReportCharts.Figure> figures = new ArrayList<>();
        SvgStackedBars trips = new SvgStackedBars("Round trip", "ns", "to the device", "back");
        for (Row row : ReportCharts.where(rows, "what", "migrateRoundTrip")) {
            double there = NANOS / ReportCharts.number(row, "toDevicePagesPerSecond");
            double back = NANOS / ReportCharts.number(row, "toSystemPagesPerSecond");
            if (Double.isFinite(there + back)) {
                trips.add(name(row), there, back);
            }
        }
        add(figures, "A page there and back without the copies, by the order of the pages", trips);
        SvgStackedBars walks = new SvgStackedBars("Walk", "ns", "for a page");
        for (Row row : ReportCharts.where(rows, "what", "pageTableWalk")) {
            double nanos = NANOS / ReportCharts.number(row, "pagesPerSecond");
            if (Double.isFinite(nanos)) {
                walks.add(name(row), nanos);
            }
        }
        add(figures, "Looking a page up in a page table, by the order of the pages", walks);
        SvgStackedBars heap =
                new SvgStackedBars("Heap", "bytes", "the page", "the device's page table");
        for (Row row : ReportCharts.where(rows, "what", "bytesPerPage")) {
            double page = ReportCharts.number(row, "bytesPerPage");
            double table = row.figure("deviceTableBytesPerPage").orElse(0);
            if (Double.isFinite(page)) {
                heap.add(row.text("layout"), Math.max(0, page), Math.max(0, table));
            }
        }
        add(figures, "Heap for a device page in use", heap);
        return figures;
    }

    private static String name(Row row) {
        return "%s, %s".formatted(row.text("layout"), threads(row.text("threads")));
    }

    private static String threads(String count) {
        return count.equals("1") ? "1 thread" : count + " threads";
    }

    private static void add(
            List<ReportCharts.Figure> figures, String caption, SvgStackedBars bars) {
        if (!bars.isEmpty()) {
            figures.add(new ReportCharts.Figure(caption, bars.svg()));
        }
    }
}
