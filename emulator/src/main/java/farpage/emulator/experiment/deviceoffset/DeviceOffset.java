package farpage.emulator.experiment.deviceoffset;

import farpage.emulator.experiment.Experiment;
import farpage.emulator.experiment.ExperimentAmount;
import farpage.emulator.experiment.ExperimentSetting;
import farpage.emulator.experiment.FindingChart;
import farpage.emulator.experiment.FindingChart.Kind;
import farpage.emulator.experiment.FindingChart.Series;
import farpage.emulator.experiment.Findings;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/// `device-offset`: device-private pages outside the physical address space.
///
/// @kernel mm/memremap.c: memremap_pages, and the proposed memremap_device_private_pagemap
public final class DeviceOffset implements Experiment {
    /// The parts of the whole that are done after the windows, and after the descriptors.
    private static final double WINDOWS = 0.1;

    private static final double DESCRIPTORS = 0.6;

    /// One is as good as another.
    public DeviceOffset() {}

    @Override
    public String name() {
        return "device-offset";
    }

    @Override
    public String question() {
        return "When does device memory find no physical addresses, and what do its page"
                + " descriptors and its number space cost?";
    }

    @Override
    public String today() {
        return "Each device-private page has a PFN in a hole of the physical address map and 64 bytes"
                + " of struct page from its registration on.";
    }

    @Override
    public String design() {
        return "Device-private pages have offsets in a space of their own, outside that map; a flag"
                + " in every word tells an offset from a PFN.";
    }

    @Override
    public List<FindingChart> charts() {
        return List.of(
                new FindingChart(
                        Kind.LINES,
                        "One device of 256 GiB: random layouts that leave it a window, of "
                                + WindowTrials.SHUFFLES,
                        "window",
                        "layouts",
                        "bits",
                        Map.of("device", "256 GiB"),
                        List.of(
                                Series.of("one device", "oneShuffled"),
                                Series.of("eight of them", "eightShuffled"))),
                new FindingChart(
                        Kind.BARS,
                        "Descriptors of a device of 141 GiB when it is registered",
                        "descriptor",
                        "bytes",
                        "kind",
                        Map.of("device", "141 GiB"),
                        List.of(Series.of("descriptors", "registeredBytes"))));
    }

    @Override
    public void check(ExperimentAmount amount) {
        DeviceOffsetPlan _ = DeviceOffsetPlan.of(amount);
    }

    @Override
    public Findings run(ExperimentSetting setting) {
        DeviceOffsetPlan plan = DeviceOffsetPlan.of(setting.amount());
        setting.progress().accept(0);
        List<WindowTrials.Result> windows = new WindowTrials(setting.seed()).run();
        int steps =
                DeviceOffsetPlan.DEVICE_SIZES.length
                        * DescriptorKind.values().length
                        * DescriptorTrials.ROUNDS;
        AtomicInteger step = new AtomicInteger();
        List<DescriptorTrials.Result> descriptors =
                new DescriptorTrials(plan, setting.nanoClock())
                        .run(() ->
                                setting.progress()
                                        .accept(
                                                WINDOWS
                                                        + (DESCRIPTORS - WINDOWS)
                                                                * step.getAndIncrement()
                                                                / steps));
        List<SpaceCosts.Result> costs =
                new SpaceCosts(setting, plan)
                        .run(part ->
                                setting.progress().accept(DESCRIPTORS + (1 - DESCRIPTORS) * part));
        DeviceOffsetReading reading = new DeviceOffsetReading(windows, descriptors, costs);
        return new Findings(
                "migrations of %d MiB, %d runs after %d to warm up, both spaces in turn; medians;"
                                .formatted(plan.bytes() >> 20, plan.runs(), plan.warmUpRuns())
                        + " all data compared",
                DeviceOffsetTables.of(windows, descriptors, costs),
                reading.findings(),
                reading.limits());
    }
}
