package farpage.emulator.experiment.filebacked;

import farpage.emulator.experiment.Experiment;
import farpage.emulator.experiment.ExperimentAmount;
import farpage.emulator.experiment.ExperimentSetting;
import farpage.emulator.experiment.FindingChart;
import farpage.emulator.experiment.FindingColumn;
import farpage.emulator.experiment.FindingRow;
import farpage.emulator.experiment.FindingTable;
import farpage.emulator.experiment.FindingUnit;
import farpage.emulator.experiment.Findings;
import farpage.emulator.experiment.Quantiles;
import farpage.mm.PageSize;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The experiment `file-backed`: a file that a device and CPUs work on in turn.
///
/// @kernel mm/migrate_device.c, with pages of files as proposed in March 2025
public final class FileBacked implements Experiment {
    /// One is as good as another.
    public FileBacked() {}

    @Override
    public String name() {
        return "file-backed";
    }

    @Override
    public String question() {
        return "What does it cost to work on a file in phases by device and CPU?";
    }

    @Override
    public String today() {
        return "Pages of files stay in system memory: a program copies the file into anonymous memory"
                + " that migrates (buffer), or the device works on the mapped file there (system).";
    }

    @Override
    public String design() {
        return "The file's pages move to the device and come back to whoever looks them up (migrate);"
                + " or they stay, and the device reads copies that are dropped when they change"
                + " (copy). Each with base pages and with folios of 2 MiB in the page cache (-2m).";
    }

    @Override
    public List<FindingChart> charts() {
        List<FindingChart> charts = new ArrayList<>();
        for (FilePhase phase : FilePhase.values()) {
            charts.add(
                    new FindingChart(
                            FindingChart.Kind.BARS,
                            phase.label(),
                            "phases",
                            "µs",
                            "design",
                            Map.of("phase", phase.label()),
                            List.of(FindingChart.Series.of("time", "micros"))));
        }
        return charts;
    }

    @Override
    public void check(ExperimentAmount amount) {
        FilePlan _ = FilePlan.of(amount);
    }

    @Override
    public Findings run(ExperimentSetting setting) {
        FilePlan plan = FilePlan.of(setting.amount());
        FileTimes times = new FileTimes(plan);
        times.measure(setting);
        return new Findings(
                "a file of %d pages, %d runs after %d to warm up; medians; all data compared, on disk too"
                        .formatted(
                                PageSize.pageNumber(plan.bytes()), plan.runs(), plan.warmUpRuns()),
                List.of(phases(times, plan.bytes()), counts(times)),
                found(times),
                List.of(
                        "The device's reads and writes of pages in system memory cost no bus here; on a"
                                + " real device they do, and the designs that put pages into its memory"
                                + " gain by that.",
                        "The disk is a file of the host in the host's page cache, so fsync is cheaper"
                                + " than on a disk of its own; what a slow disk adds is the same for all"
                                + " designs that write the same pages."));
    }

    private static FindingTable phases(FileTimes times, long bytes) {
        List<FindingRow> rows = new ArrayList<>();
        for (FilePhase phase : FilePhase.values()) {
            for (FileDesign design : FileDesign.values()) {
                Quantiles nanos = times.nanos(design, phase);
                FindingRow row =
                        FindingRow.of(phase.label() + "-" + design.label())
                                .put("phase", phase.label())
                                .put("design", design.label())
                                .put("micros", nanos);
                rows.add(
                        nanos.median() == 0
                                ? row
                                : row.put("gbps", (double) bytes / nanos.median()));
            }
        }
        return new FindingTable(
                "phases",
                "Each phase by the whole file",
                List.of(
                        FindingColumn.of("phase", "phase", FindingUnit.TEXT),
                        FindingColumn.of("design", "design", FindingUnit.TEXT),
                        FindingColumn.of("micros", "µs", FindingUnit.MICROS),
                        FindingColumn.of("micros", "p90", FindingUnit.MICROS_P90),
                        FindingColumn.of("gbps", "GB/s", FindingUnit.GBPS)),
                rows);
    }

    private static FindingTable counts(FileTimes times) {
        List<FindingRow> rows = new ArrayList<>();
        for (FileDesign design : FileDesign.values()) {
            FileTimes.Counts counts = times.counts(design);
            rows.add(
                    FindingRow.of("counts-" + design.label())
                            .put("design", design.label())
                            .put("fetched", counts.fetched())
                            .put("dropped", counts.dropped())
                            .put("written", counts.written()));
        }
        return new FindingTable(
                "counts",
                "Pages in one run",
                List.of(
                        FindingColumn.of("design", "design", FindingUnit.TEXT),
                        FindingColumn.of("fetched", "brought back", FindingUnit.COUNT),
                        FindingColumn.of("dropped", "copies dropped", FindingUnit.COUNT),
                        FindingColumn.of("written", "written", FindingUnit.COUNT)),
                rows);
    }

    private static List<String> found(FileTimes times) {
        return List.of(
                compared(times, "A phase that writes: to the device, read, write, sync", true),
                compared(times, "A turn of reading by device and CPU", false),
                "Look-ups by the file brought %d pages back in a run that moves them; a run that copies dropped %d copies."
                        .formatted(
                                times.counts(FileDesign.MIGRATE).fetched(),
                                times.counts(FileDesign.COPY).dropped()));
    }

    private static String compared(FileTimes times, String what, boolean writes) {
        StringBuilder text = new StringBuilder(what).append(':');
        for (FileDesign design : FileDesign.values()) {
            long nanos =
                    writes
                            ? times.nanos(design, FilePhase.TO_DEVICE).median()
                                    + times.nanos(design, FilePhase.READ).median()
                                    + times.nanos(design, FilePhase.WRITE).median()
                                    + times.nanos(design, FilePhase.SYNC).median()
                            : times.nanos(design, FilePhase.READ_ONLY_TURN).median();
            text.append(String.format(Locale.ROOT, " %s %.2f ms;", design.label(), nanos / 1e6));
        }
        return text.deleteCharAt(text.length() - 1).append('.').toString();
    }
}
