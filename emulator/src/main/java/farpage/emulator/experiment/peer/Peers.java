package farpage.emulator.experiment.peer;

import farpage.emulator.experiment.Experiment;
import farpage.emulator.experiment.ExperimentAmount;
import farpage.emulator.experiment.ExperimentSetting;
import farpage.emulator.experiment.FindingChart;
import farpage.emulator.experiment.FindingChart.Kind;
import farpage.emulator.experiment.FindingChart.Series;
import farpage.emulator.experiment.Findings;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;

/// `peer`: a second device reads memory that lives on the first.
///
/// @kernel None: HMM_PFN_ALLOW_P2P and get_dma_pfn_for_device, proposed from 2024 on
public final class Peers implements Experiment {
    /// One is as good as another.
    public Peers() {}

    @Override
    public String name() {
        return "peer";
    }

    @Override
    public String question() {
        return "What does a second device pay to read memory that lives on the first?";
    }

    @Override
    public String today() {
        return "hmm_range_fault moves the pages to RAM, and the second device reads them there; a"
                + " second page of type PCI_P2PDMA for the same memory is a driver's own affair.";
    }

    @Override
    public String design() {
        return "The second device reads the pages where they lie, by a second page for the same"
                + " memory or by the one that the process maps, and loses them when they move.";
    }

    @Override
    public List<FindingChart> charts() {
        return List.of(
                chart("first read", "firstMicros"), chart("the same read again", "againMicros"));
    }

    private static FindingChart chart(String caption, String field) {
        List<Series> series = new ArrayList<>();
        for (PeerDesign design : PeerDesign.values()) {
            series.add(Series.where(design.words(), field, "design", design.field()));
        }
        return new FindingChart(
                Kind.LINES_OVER_BYTES, caption, "read", "µs", "bytes", Map.of(), series);
    }

    @Override
    public void check(ExperimentAmount amount) {
        PeerPlan _ = PeerPlan.of(amount);
    }

    @Override
    public Findings run(ExperimentSetting setting) {
        PeerPlan plan = PeerPlan.of(setting.amount());
        Map<PeerDesign, PeerScene> scenes = new EnumMap<>(PeerDesign.class);
        try {
            for (PeerDesign design : PeerDesign.values()) {
                scenes.put(
                        design,
                        new PeerScene(design, setting.config(), plan.pages(), setting.nanoClock()));
            }
            return PeerTables.findings(plan, measure(plan, setting, scenes), extra(scenes));
        } finally {
            scenes.values().forEach(PeerScene::close);
        }
    }

    private static Map<PeerDesign, Integer> extra(Map<PeerDesign, PeerScene> scenes) {
        Map<PeerDesign, Integer> bytes = new EnumMap<>(PeerDesign.class);
        scenes.forEach((design, scene) -> bytes.put(design, scene.extraDescriptorBytes()));
        return bytes;
    }

    /// The designs take turns, in each run and for each size.
    private static PeerResult measure(
            PeerPlan plan, ExperimentSetting setting, Map<PeerDesign, PeerScene> scenes) {
        SplittableRandom random = new SplittableRandom(setting.seed());
        Map<Integer, Map<PeerDesign, PeerSamples>> samples = new LinkedHashMap<>();
        Map<Integer, List<Long>> raw = new LinkedHashMap<>();
        int rounds = (plan.warmUpRuns() + plan.runs()) * plan.counts().size();
        int round = 0;
        PeerResult result = new PeerResult(samples, raw);
        PeerScene plain = Objects.requireNonNull(scenes.get(PeerDesign.TODAY));
        for (int run = -plan.warmUpRuns(); run < plan.runs(); run++) {
            for (int pages : plan.counts()) {
                setting.progress().accept((double) round++ / rounds);
                if (run <= 0) {
                    samples.put(pages, fresh());
                    raw.put(pages, new ArrayList<>());
                }
                for (Map.Entry<PeerDesign, PeerScene> entry : scenes.entrySet()) {
                    PeerSamples own = result.of(pages, entry.getKey());
                    entry.getValue().measure(pages, random, own);
                }
                result.raw(pages).add(plain.rawNanos(pages));
            }
        }
        return result;
    }

    private static Map<PeerDesign, PeerSamples> fresh() {
        Map<PeerDesign, PeerSamples> fresh = new EnumMap<>(PeerDesign.class);
        for (PeerDesign design : PeerDesign.values()) {
            fresh.put(design, new PeerSamples());
        }
        return fresh;
    }
}
