package farpage.emulator.calibration;

import farpage.emulator.copy.CopyMethod;
import farpage.emulator.copy.CopyPlan;
import farpage.emulator.copy.CopyTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Makes a plan of what was measured.
///
/// Times scatter, and a plan that follows each scatter is another one each time and no better. So a
/// plan has as few steps as it may: it is the one of least loss, where a batch size counts how much
/// slower than the best its method is, and each step beyond the first counts like a fifth. Within a
/// step the first method in the order of [CopyMethod] stays, unless another is clearly better
/// somewhere: that order is from simple to less so.
///
/// A plan that was chosen before stays as long as it is about as good, so that measuring again
/// changes something only if something changed.
///
/// A size between two measured ones belongs to the nearer one, by ratio.
///
/// @opencl None: a choice among commands and kernels
final class CopyChoice {
    /// A method is clearly better than another if that one takes at least this much longer.
    private static final double CLEARLY = Math.log(1.05);

    /// What a step has to save.
    private static final double STEP = Math.log(1.20);

    /// What a plan that was there before may lose on average, and in one layout.
    private static final double MEAN_LOSS = Math.log(1.10);

    private static final double LARGE_LOSS = Math.log(1.5);

    private final Map<CopyLayout, Map<CopyMethod, Double>> nanos = new HashMap<>();

    private CopyChoice(Collection<CopyRate> rates, PlanDirection direction) {
        for (CopyRate rate : rates) {
            if (rate.direction() == direction) {
                nanos.computeIfAbsent(rate.layout(), _ -> new EnumMap<>(CopyMethod.class))
                        .put(rate.method(), (double) rate.nanos());
            }
        }
    }

    /// The plan for both directions. At least one method was timed in all layouts.
    ///
    /// @param earlier what was chosen before; it stays where it is about as good
    static CopyPlan plan(Collection<CopyRate> rates, Optional<CopyPlan> earlier) {
        return new CopyPlan(
                new CopyChoice(rates, PlanDirection.TO_DEVICE)
                        .table(earlier.map(CopyPlan::toDevice)),
                new CopyChoice(rates, PlanDirection.TO_SYSTEM)
                        .table(earlier.map(CopyPlan::toSystem)));
    }

    private CopyTable table(Optional<CopyTable> earlier) {
        CopyTable best = table();
        return earlier.filter(table -> isAsGood(table, best)).orElse(best);
    }

    /// Whether a table loses little against another in all layouts together, and nowhere much.
    private boolean isAsGood(CopyTable table, CopyTable other) {
        List<CopyLayout> layouts = new ArrayList<>(CopyLayout.SCATTERED);
        CopyLayout.RUNS.stream().filter(nanos::containsKey).forEach(layouts::add);
        double sum = 0;
        for (CopyLayout layout : layouts) {
            double more = loss(layout, method(table, layout)) - loss(layout, method(other, layout));
            if (!(more <= LARGE_LOSS)) { // neither if a method was not timed
                return false;
            }
            sum += more;
        }
        return sum <= MEAN_LOSS * layouts.size();
    }

    private static CopyMethod method(CopyTable table, CopyLayout layout) {
        return layout.runPages() >= table.directRunPages()
                ? CopyMethod.DIRECT
                : table.method(layout.pages());
    }

    private CopyTable table() {
        List<CopyTable.Step> steps = steps(CopyLayout.SCATTERED);
        return new CopyTable(steps, directRunPages(new CopyTable(steps, CopyTable.NEVER)));
    }

    /// How much longer than the best a method takes, as a logarithm; infinity if it was not timed.
    private double loss(CopyLayout layout, CopyMethod method) {
        Map<CopyMethod, Double> known = nanos.getOrDefault(layout, Map.of());
        Double own = known.get(method);
        return own == null
                ? Double.POSITIVE_INFINITY
                : Math.log(own / known.values().stream().min(Double::compare).orElseThrow());
    }

    /// The division of all sizes into steps that loses least, found from the small sizes up.
    private List<CopyTable.Step> steps(List<CopyLayout> layouts) {
        int count = layouts.size();
        double[] least = new double[count + 1];
        int[] begins = new int[count + 1];
        Arrays.fill(least, 1, count + 1, Double.POSITIVE_INFINITY);
        for (int end = 1; end <= count; end++) {
            for (int begin = 0; begin < end; begin++) {
                List<CopyLayout> step = layouts.subList(begin, end);
                double sum = least[begin] + sum(step, best(step)) + (begin == 0 ? 0 : STEP);
                if (sum < least[end]) {
                    least[end] = sum;
                    begins[end] = begin;
                }
            }
        }
        List<CopyTable.Step> steps = new ArrayList<>();
        for (int end = count; end > 0; end = begins[end]) {
            int begin = begins[end];
            int from = begin == 0 ? 1 : between(layouts.get(begin - 1), layouts.get(begin));
            steps.addFirst(new CopyTable.Step(from, simplest(layouts.subList(begin, end))));
        }
        for (int i = steps.size() - 1; i > 0; i--) {
            if (steps.get(i).method() == steps.get(i - 1).method()) {
                steps.remove(i);
            }
        }
        return steps;
    }

    private static int between(CopyLayout smaller, CopyLayout larger) {
        return (int) Math.round(Math.sqrt((double) smaller.pages() * larger.pages()));
    }

    private double sum(List<CopyLayout> step, CopyMethod method) {
        return step.stream().mapToDouble(layout -> loss(layout, method)).sum();
    }

    private CopyMethod best(List<CopyLayout> step) {
        CopyMethod best = CopyMethod.DIRECT;
        for (CopyMethod method : CopyMethod.values()) {
            if (sum(step, method) < sum(step, best)) {
                best = method;
            }
        }
        return best;
    }

    /// The first method than which the best one is nowhere clearly better.
    private CopyMethod simplest(List<CopyLayout> step) {
        CopyMethod best = best(step);
        for (CopyMethod method : CopyMethod.values()) {
            if (step.stream()
                    .allMatch(layout -> loss(layout, method) < loss(layout, best) + CLEARLY)) {
                return method;
            }
        }
        return best;
    }

    /// The shortest run from which on a command of its own is as good as the method that takes
    /// scattered pages.
    private int directRunPages(CopyTable scattered) {
        int direct = CopyTable.NEVER;
        for (int i = CopyLayout.RUNS.size() - 1; i >= 0; i--) {
            CopyLayout layout = CopyLayout.RUNS.get(i);
            CopyMethod method = scattered.method(layout.pages());
            if (method == CopyMethod.DIRECT) {
                return 1;
            }
            if (loss(layout, CopyMethod.DIRECT) >= loss(layout, method) + CLEARLY) {
                break;
            }
            direct =
                    i == 0
                            ? layout.runPages()
                            : (int)
                                    Math.round(
                                            Math.sqrt(
                                                    (double) layout.runPages()
                                                            * CopyLayout.RUNS
                                                                    .get(i - 1)
                                                                    .runPages()));
        }
        return direct;
    }
}
