package farpage.emulator.experiment.largefolios;

import farpage.emulator.experiment.ExperimentSetting;
import farpage.emulator.experiment.FindingColumn;
import farpage.emulator.experiment.FindingRow;
import farpage.emulator.experiment.FindingTable;
import farpage.emulator.experiment.FindingUnit;
import farpage.emulator.experiment.FolioRange;
import farpage.emulator.experiment.Quantiles;
import farpage.emulator.workload.WorkloadException;
import farpage.mm.PageSize;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.DoubleConsumer;

/// What it costs to make a folio of 2 MiB out of base pages that migrate to a device, or are there,
/// and what the way back costs then. The ways take turns; all data is compared.
///
/// @kernel mm/khugepaged.c: collapse_huge_page; mm/migrate_device.c: migrate_vma_pages
final class CollapseCosts {
    private static final double MICRO = 1e3;
    private static final long BLOCK = LargeFolioPlan.BLOCK_BYTES;

    private final ExperimentSetting setting;
    private final LargeFolioPlan plan;
    private final Map<CollapseWay, Samples> samples = new EnumMap<>(CollapseWay.class);

    /// Nanoseconds for 2 MiB each.
    private static final class Samples {
        private final long[] there;
        private final long[] joining;
        private final long[] back;
        private int count;

        Samples(int capacity) {
            there = new long[capacity];
            joining = new long[capacity];
            back = new long[capacity];
        }

        private Quantiles of(long[] nanos) {
            return Quantiles.of(Arrays.copyOf(nanos, count));
        }
    }

    CollapseCosts(ExperimentSetting setting, LargeFolioPlan plan) {
        this.setting = setting;
        this.plan = plan;
    }

    /// Measures, with a machine that joins pages and one that does not.
    ///
    /// @param progress is told how much is done, 0 to 1
    FindingTable measure(DoubleConsumer progress) {
        int blocks = (int) (plan.bytes() / BLOCK);
        for (CollapseWay way : CollapseWay.values()) {
            samples.put(way, new Samples(plan.runs() * blocks));
        }
        FolioRange.with(
                setting.config(),
                plan.bytes(),
                setting.seed(),
                plain ->
                        FolioRange.with(
                                setting.config().withCollapse(true),
                                plan.bytes(),
                                setting.seed(),
                                joining -> {
                                    measure(plain, joining, progress);
                                    return blocks;
                                }));
        List<FindingRow> rows = new ArrayList<>();
        samples.forEach((way, taken) -> rows.add(row(way, taken)));
        return new FindingTable(
                "collapse",
                "512 base pages become one folio on the device, 2 MiB, µs",
                List.of(
                        FindingColumn.of("way", "way", FindingUnit.TEXT),
                        FindingColumn.of("micros", "there", FindingUnit.MICROS),
                        FindingColumn.of("micros", "p99", FindingUnit.MICROS_P99),
                        FindingColumn.of("joinMicros", "joining", FindingUnit.MICROS),
                        FindingColumn.of("backMicros", "back", FindingUnit.MICROS),
                        FindingColumn.of("backMicros", "p99", FindingUnit.MICROS_P99)),
                rows);
    }

    private static FindingRow row(CollapseWay way, Samples taken) {
        FindingRow row =
                FindingRow.of("collapse " + way.label())
                        .put("way", way.label())
                        .put("micros", taken.of(taken.there))
                        .put("backMicros", taken.of(taken.back));
        return way == CollapseWay.IN_PLACE ? row.put("joinMicros", taken.of(taken.joining)) : row;
    }

    private void measure(FolioRange plain, FolioRange joining, DoubleConsumer progress) {
        int runs = plan.warmUpRuns() + plan.runs();
        for (int run = 0; run < runs; run++) {
            progress.accept((double) run / runs);
            if (run == plan.warmUpRuns()) {
                samples.values().forEach(each -> each.count = 0);
            }
            for (CollapseWay way : CollapseWay.values()) {
                FolioRange range = way == CollapseWay.ON_THE_WAY ? joining : plain;
                range.populate(0);
                Samples taken = Objects.requireNonNull(samples.get(way));
                boolean counts = run >= plan.warmUpRuns();
                for (long at = 0; at < range.bytes(); at += BLOCK) {
                    move(range, way, at, counts ? taken : new Samples(1));
                }
                range.verify();
            }
        }
    }

    private void move(FolioRange range, CollapseWay way, long at, Samples taken) {
        int i = taken.count++;
        long begin = setting.nanoClock().getAsLong();
        if (way == CollapseWay.IN_PLACE) {
            range.toDeviceApart(at, BLOCK);
        } else {
            range.toDevice(at, BLOCK);
        }
        long arrived = setting.nanoClock().getAsLong();
        if (way == CollapseWay.IN_PLACE) {
            range.collapse(at, BLOCK);
        }
        long joined = setting.nanoClock().getAsLong();
        checkOrder(range, way, at);
        long leaving = setting.nanoClock().getAsLong();
        range.toSystem(at, BLOCK);
        taken.there[i] = arrived - begin;
        taken.joining[i] = joined - arrived;
        taken.back[i] = setting.nanoClock().getAsLong() - leaving;
    }

    /// A folio of another size than the one that is measured would make the figures lies.
    private static void checkOrder(FolioRange range, CollapseWay way, long at) {
        int expected = way == CollapseWay.NONE ? 0 : PageSize.HPAGE_PMD_ORDER;
        int found = range.deviceOrder(at);
        if (found != expected) {
            throw new WorkloadException(
                    WorkloadException.Reason.DEVICE_MEMORY,
                    "%s: the device has a folio of order %d; expected was order %d"
                            .formatted(way.label(), found, expected));
        }
    }

    /// What the table says.
    List<String> found() {
        double base = median(CollapseWay.NONE, false);
        double joined = median(CollapseWay.ON_THE_WAY, false);
        return List.of(
                String.format(
                        Locale.ROOT,
                        "512 base pages that are joined on their way to the device take %.1f µs, page"
                                + " by page they take %.1f µs; the way back is %.1f µs beside %.1f"
                                + " µs.",
                        joined,
                        base,
                        median(CollapseWay.ON_THE_WAY, true),
                        median(CollapseWay.NONE, true)),
                String.format(
                        Locale.ROOT,
                        "Pages that are on the device already are joined in %.1f µs for 2 MiB, the copy"
                                + " within the device included.",
                        joiningMicros()));
    }

    private double median(CollapseWay way, boolean back) {
        Samples taken = Objects.requireNonNull(samples.get(way));
        return taken.of(back ? taken.back : taken.there).median() / MICRO;
    }

    private double joiningMicros() {
        Samples taken = Objects.requireNonNull(samples.get(CollapseWay.IN_PLACE));
        return taken.of(taken.joining).median() / MICRO;
    }
}
