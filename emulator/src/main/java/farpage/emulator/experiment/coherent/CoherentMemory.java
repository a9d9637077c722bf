package farpage.emulator.experiment.coherent;

import farpage.emulator.experiment.Experiment;
import farpage.emulator.experiment.ExperimentAmount;
import farpage.emulator.experiment.ExperimentSetting;
import farpage.emulator.experiment.FindingChart;
import farpage.emulator.experiment.FindingChart.Kind;
import farpage.emulator.experiment.FindingChart.Series;
import farpage.emulator.experiment.Findings;
import java.util.List;
import java.util.Map;

/// `coherent`: coherent pages of a device beside a node without CPUs, for the same memory.
///
/// @kernel mm/memremap.c: MEMORY_DEVICE_COHERENT; mm/memory-tiers.c; drivers/dax/kmem.c
public final class CoherentMemory implements Experiment {
    private static final double ACCESS_SHARE = 0.6;

    /// One is as good as another.
    public CoherentMemory() {}

    @Override
    public String name() {
        return "coherent";
    }

    @Override
    public String question() {
        return "ZONE_DEVICE coherent pages or a NUMA node: what differs for the same memory?";
    }

    @Override
    public String today() {
        return "Memory of a device that CPUs reach is either coherent pages that its driver alone gives"
                + " out, or a node without CPUs, which whoever finds RAM full gets pages of.";
    }

    @Override
    public String design() {
        return "Both at once, of one OpenCL device; and a node that is isolated, as the coherent-memory"
                + " RFC of 2016 had it: who does not name it gets none of its pages.";
    }

    @Override
    public List<FindingChart> charts() {
        return List.of(
                new FindingChart(
                        Kind.BARS,
                        "Moving memory in and out, a page",
                        "move",
                        "ns",
                        "design",
                        Map.of(),
                        List.of(
                                Series.of("in", "moveInNanosPerPage"),
                                Series.of("out", "moveOutNanosPerPage"))),
                new FindingChart(
                        Kind.BARS,
                        "RAM short: pages of a program that does not know of the device, in its memory",
                        "shortage",
                        "pages",
                        "isolation",
                        Map.of(),
                        List.of(Series.of("strangers", "strangerPages"))));
    }

    @Override
    public void check(ExperimentAmount amount) {
        CoherentPlan _ = CoherentPlan.of(amount);
    }

    @Override
    public Findings run(ExperimentSetting setting) {
        CoherentPlan plan = CoherentPlan.of(setting.amount());
        AccessCosts costs = new AccessCosts(setting, plan);
        costs.run(ACCESS_SHARE);
        Shortage shortage = new Shortage(setting, plan);
        shortage.run(ACCESS_SHARE);
        CoherentReading reading = new CoherentReading(plan, costs, shortage);
        return new Findings(
                "%d MiB each way, %d runs after %d to warm up; medians; all data compared"
                        .formatted(plan.bytes() >> 20, plan.runs(), plan.warmUpRuns()),
                CoherentTables.of(plan, costs, reading),
                reading.findings(),
                reading.limits(setting.config().devices().getFirst().info().hostUnifiedMemory()));
    }
}
