package farpage.emulator.experiment.coherent;

import farpage.emulator.experiment.Quantiles;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;

/// What the figures on coherent memory say.
final class CoherentReading {
    private final CoherentPlan plan;
    private final AccessCosts costs;
    private final Shortage shortage;

    CoherentReading(CoherentPlan plan, AccessCosts costs, Shortage shortage) {
        this.plan = plan;
        this.costs = costs;
        this.shortage = shortage;
    }

    /// Gigabytes a second of the median.
    double gbps(long[] nanos) {
        return (double) plan.bytes() / Quantiles.of(nanos).median();
    }

    double nanosPerPage(long[] nanos) {
        return (double) Quantiles.of(nanos).median() / plan.pages();
    }

    /// The median of something that was seen in each run.
    long median(Isolation isolation, ToLongFunction<Shortage.Outcome> of) {
        long[] all = shortage.outcomes(isolation).stream().mapToLong(of).sorted().toArray();
        return all[(all.length - 1) / 2];
    }

    List<String> findings() {
        List<String> found = new ArrayList<>();
        double device = nanosPerPage(costs.times(Design.DEVICE_PAGES, Step.MOVE_IN));
        double cpu = nanosPerPage(costs.times(Design.NODE, Step.MOVE_IN));
        double offload = nanosPerPage(costs.times(Design.NODE_OFFLOAD, Step.MOVE_IN));
        found.add(
                String.format(
                        Locale.ROOT,
                        "To move memory in takes %.0f ns a page as pages of the device, %.0f ns to the"
                                + " node (%.1f times), %.0f ns if the device copies (%.1f times).",
                        device,
                        cpu,
                        cpu / device,
                        offload,
                        offload / device));
        double out = nanosPerPage(costs.times(Design.DEVICE_PAGES, Step.MOVE_OUT));
        double back = nanosPerPage(costs.times(Design.NODE, Step.MOVE_OUT));
        found.add(
                String.format(
                        Locale.ROOT,
                        "To move it out takes %.0f ns a page of the device and %.0f ns a page of the"
                                + " node.",
                        out,
                        back));
        found.add(
                String.format(
                        Locale.ROOT,
                        "The CPU loads %.1f GB/s from pages of the device, %.1f from the node and %.1f"
                                + " from RAM; a kernel of the device reads %.1f and %.1f.",
                        gbps(costs.times(Design.DEVICE_PAGES, Step.CPU_READ)),
                        gbps(costs.times(Design.NODE, Step.CPU_READ)),
                        gbps(costs.ramReads()),
                        gbps(costs.times(Design.DEVICE_PAGES, Step.DEVICE_READ)),
                        gbps(costs.times(Design.NODE, Step.DEVICE_READ))));
        found.add(
                String.format(
                        Locale.ROOT,
                        "A page that is used comes from the node to RAM by its hint fault in %.1f µs"
                                + " (median); a driver's command for one page of the device takes %.1f"
                                + " µs, and nobody tells the driver to.",
                        Quantiles.of(costs.promotions()).median() / 1e3,
                        Quantiles.of(costs.fetches()).median() / 1e3));
        for (Isolation isolation : Isolation.values()) {
            found.add(shortage(isolation));
        }
        return found;
    }

    private String shortage(Isolation isolation) {
        return String.format(
                Locale.ROOT,
                "RAM short, %s: %d pages of the other program end in the device's memory, %d of %d"
                        + " pages of the device's user are still there. It gets %d of %d more in"
                        + " %.1f ms and has %d of the first then; %d pages go to swap for that.",
                isolation.label(),
                median(isolation, Shortage.Outcome::strangerPages),
                median(isolation, Shortage.Outcome::ownPagesLeft),
                plan.pages() / 2,
                median(isolation, Shortage.Outcome::restPages),
                plan.pages() - plan.pages() / 2,
                median(isolation, Shortage.Outcome::restNanos) / 1e6,
                median(isolation, Shortage.Outcome::ownPagesKept),
                median(isolation, Shortage.Outcome::swappedForRest));
    }

    List<String> limits(boolean isUnified) {
        List<String> limits =
                new ArrayList<>(
                        Arrays.asList(
                                "There are no watermarks and no kswapd: who finds no page falls back,"
                                        + " reclaims and demotes itself, in its own time.",
                                "Every hint fault promotes if RAM has room; Linux asks how soon the"
                                        + " page is used again, and limits the rate.",
                                "Swap is memory of the host, which no disk is as fast as."));
        if (isUnified) {
            limits.add(
                    "The device is the processor itself: its memory is no slower than RAM, and what"
                            + " a copy or an access over a link would cost does not show. What carries"
                            + " over is the work of the memory manager, and whose pages end up where.");
        }
        return limits;
    }
}
