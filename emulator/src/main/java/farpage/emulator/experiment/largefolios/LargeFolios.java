package farpage.emulator.experiment.largefolios;

import farpage.emulator.experiment.Direction;
import farpage.emulator.experiment.Experiment;
import farpage.emulator.experiment.ExperimentAmount;
import farpage.emulator.experiment.ExperimentOption;
import farpage.emulator.experiment.ExperimentSetting;
import farpage.emulator.experiment.FindingChart;
import farpage.emulator.experiment.FindingChart.Kind;
import farpage.emulator.experiment.FindingChart.Series;
import farpage.emulator.experiment.FindingTable;
import farpage.emulator.experiment.Findings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// `large-folios`: folios of every order on the device, beside 2 MiB and base pages only.
///
/// @kernel mm/migrate_device.c: migrate_vma_collect_huge_pmd;
///   tools/testing/selftests/mm/hmm-tests.c: benchmark_thp_migration
public final class LargeFolios implements Experiment {
    /// Of the time, what the moves of all orders take; the rest is collapsing.
    private static final double MOVES_PART = 0.95;

    /// One is as good as another.
    public LargeFolios() {}

    @Override
    public String name() {
        return "large-folios";
    }

    @Override
    public String question() {
        return "What does it cost to migrate memory to a device and back, by the size of its"
                + " folios?";
    }

    @Override
    public String today() {
        return "Device memory comes in folios of 2 MiB (order 9) or in base pages; a folio of a size"
                + " between is split before it moves.";
    }

    @Override
    public String design() {
        return "Device memory comes in every order from 2 to 9, tried from the highest that fits"
                + " down; a folio moves as it is wherever the other side has room for one of its"
                + " size.";
    }

    @Override
    public Set<ExperimentOption> options() {
        return Set.of(ExperimentOption.values());
    }

    @Override
    public List<FindingChart> charts() {
        List<FindingChart> charts = new ArrayList<>();
        for (Direction direction : Direction.values()) {
            String name = LargeFolioReading.name(direction);
            Map<String, String> own = Map.of("direction", direction.label());
            charts.add(
                    new FindingChart(
                            Kind.BARS,
                            name + ": 2 MiB in one command, bookkeeping and copy",
                            "block",
                            "µs",
                            "folio",
                            own,
                            List.of(
                                    Series.of("bookkeeping", "bookkeepingMicros"),
                                    Series.of("copy", "copyMicros"))));
            charts.add(
                    lines(
                            name + ": bookkeeping for 2 MiB by the size of the folios",
                            "block",
                            "µs",
                            own,
                            "bookkeepingMicros",
                            List.of()));
            charts.add(
                    lines(
                            name + ": throughput of a range by the size of the folios",
                            "range",
                            "GB/s",
                            own,
                            "gbps",
                            List.of(Series.of("one plain transfer", "rawGbps"))));
            charts.add(
                    lines(
                            name + ": a fault on one folio",
                            "fault",
                            "µs",
                            own,
                            "micros",
                            List.of(Series.of("plain transfer of as much", "rawMicros"))));
        }
        return charts;
    }

    private static FindingChart lines(
            String caption,
            String table,
            String unit,
            Map<String, String> own,
            String field,
            List<Series> more) {
        List<Series> series = new ArrayList<>();
        series.add(Series.where("moved whole", field, "path", "whole"));
        series.add(Series.where("split", field, "path", "split"));
        series.addAll(more);
        return new FindingChart(
                Kind.LINES_OVER_BYTES, caption, table, unit, "folioBytes", own, series);
    }

    @Override
    public void check(ExperimentAmount amount) {
        LargeFolioPlan _ = LargeFolioPlan.of(amount);
    }

    @Override
    public Findings run(ExperimentSetting setting) {
        LargeFolioPlan plan = LargeFolioPlan.of(setting.amount());
        LargeFolioResult result =
                new LargeFolioExperiment(
                                setting.config(), plan, setting.seed(), setting.nanoClock())
                        .run(done -> setting.progress().accept(MOVES_PART * done));
        LargeFolioReading reading = new LargeFolioReading(result);
        List<FindingTable> tables = new ArrayList<>(LargeFolioTables.of(result, reading));
        List<String> found = new ArrayList<>(reading.findings());
        if (plan.orders().contains(LargeFolioPlan.HUGE_ORDER)) {
            CollapseCosts collapse = new CollapseCosts(setting, plan);
            tables.add(
                    collapse.measure(done ->
                            setting.progress().accept(MOVES_PART + (1 - MOVES_PART) * done)));
            found.addAll(collapse.found());
        }
        boolean isUnified = setting.config().devices().getFirst().info().hostUnifiedMemory();
        return new Findings(
                "%s of anonymous memory, %d runs after %d to warm up; medians; all data compared"
                        .formatted(
                                LargeFolioReading.size(plan.bytes()),
                                plan.runs(),
                                plan.warmUpRuns()),
                tables,
                found,
                reading.limits(isUnified));
    }
}
