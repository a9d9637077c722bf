package farpage.emulator.calibration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.copy.CopyMethod;
import farpage.emulator.copy.CopyPlan;
import farpage.emulator.copy.CopyTable;
import farpage.emulator.copy.CopyTable.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class CopyChoiceTest {
    private final List<CopyRate> rates = new ArrayList<>();

    /// A method that takes a fixed time for a batch and a time for each page and each run.
    private void add(CopyMethod method, double fixed, double perPage, double perRun) {
        for (PlanDirection direction : PlanDirection.values()) {
            for (CopyLayout layout : CopyLayout.SCATTERED) {
                add(direction, layout, method, time(layout, fixed, perPage, perRun));
            }
            for (CopyLayout layout : CopyLayout.RUNS) {
                add(direction, layout, method, time(layout, fixed, perPage, perRun));
            }
        }
    }

    private static double time(CopyLayout layout, double fixed, double perPage, double perRun) {
        double runs = (double) layout.pages() / layout.runPages();
        return fixed + layout.pages() * perPage + runs * perRun;
    }

    private void add(PlanDirection direction, CopyLayout layout, CopyMethod method, double nanos) {
        rates.add(new CopyRate(direction, layout, method, Math.round(nanos), 5));
    }

    private CopyTable toDevice() {
        return CopyChoice.plan(rates, Optional.empty()).toDevice();
    }

    @Test
    void onlyMethodTakesEverything() {
        add(CopyMethod.DIRECT, 1000, 400, 1000);

        assertEquals(CopyPlan.only(CopyMethod.DIRECT), CopyChoice.plan(rates, Optional.empty()));
    }

    @Test
    void methodTakesOverBetweenTheSizesWhereItBecomesFaster() {
        add(CopyMethod.DIRECT, 1_000, 400, 1_000);
        add(CopyMethod.STAGED_ITEM, 50_000, 500, 0);

        CopyTable table = toDevice();

        // 64 pages: 90,600 against 82,000 nanoseconds; 16 pages: 23,400 against 58,000.
        assertEquals(
                List.of(new Step(1, CopyMethod.DIRECT), new Step(32, CopyMethod.STAGED_ITEM)),
                table.steps());
    }

    @Test
    void runIsACommandFromTheLengthOnWhereThatIsNoSlower() {
        add(CopyMethod.DIRECT, 1_000, 400, 1_000);
        add(CopyMethod.STAGED_ITEM, 50_000, 500, 0);

        // Runs of 8: 270,000 against 306,000; runs of 2: 462,000.
        assertEquals(4, toDevice().directRunPages());
    }

    @Test
    void noRunIsACommandWhereAKernelIsFasterForAll() {
        add(CopyMethod.DIRECT, 100_000, 400, 1_000);
        add(CopyMethod.IN_PLACE_ITEM, 50_000, 100, 0);

        assertEquals(
                new CopyTable(List.of(new Step(1, CopyMethod.IN_PLACE_ITEM)), CopyTable.NEVER),
                toDevice());
    }

    @Test
    void simplerMethodStaysUnlessAnotherIsClearlyBetter() {
        add(CopyMethod.IN_PLACE_ITEM, 10_000, 104, 0);
        add(CopyMethod.IN_PLACE_GROUP_NT, 10_000, 100, 0);

        assertEquals(List.of(new Step(1, CopyMethod.IN_PLACE_ITEM)), toDevice().steps());
    }

    @Test
    void lessSimpleMethodIsTakenWhenItIsClearlyBetterSomewhere() {
        add(CopyMethod.IN_PLACE_ITEM, 10_000, 108, 0);
        add(CopyMethod.IN_PLACE_GROUP_NT, 10_000, 100, 0);

        assertEquals(List.of(new Step(1, CopyMethod.IN_PLACE_GROUP_NT)), toDevice().steps());
    }

    @Test
    void smallGainAtOneSizeIsWorthNoStep() {
        add(CopyMethod.IN_PLACE_ITEM, 10_000, 100, 0);
        for (CopyLayout layout : CopyLayout.SCATTERED) {
            double factor = layout.pages() == 64 ? 0.92 : 1.3;
            double nanos = factor * time(layout, 10_000, 100, 0);
            for (PlanDirection direction : PlanDirection.values()) {
                add(direction, layout, CopyMethod.MAPPED, nanos);
            }
        }

        assertEquals(List.of(new Step(1, CopyMethod.IN_PLACE_ITEM)), toDevice().steps());
    }

    @Test
    void methodThatWasNotTimedAtASizeIsNotTakenThere() {
        add(CopyMethod.STAGED_ITEM, 50_000, 500, 0);
        for (PlanDirection direction : PlanDirection.values()) {
            add(direction, CopyLayout.SCATTERED.get(0), CopyMethod.DIRECT, 10_000);
            add(direction, CopyLayout.SCATTERED.get(1), CopyMethod.DIRECT, 40_000);
        }

        assertEquals(
                new CopyTable(
                        List.of(
                                new Step(1, CopyMethod.DIRECT),
                                new Step(8, CopyMethod.STAGED_ITEM)),
                        CopyTable.NEVER),
                toDevice());
    }

    @Test
    void directionsAreChosenForEachByItself() {
        for (CopyLayout layout : CopyLayout.SCATTERED) {
            add(PlanDirection.TO_DEVICE, layout, CopyMethod.IN_PLACE_ITEM, 100);
            add(PlanDirection.TO_DEVICE, layout, CopyMethod.MAPPED, 200);
            add(PlanDirection.TO_SYSTEM, layout, CopyMethod.IN_PLACE_ITEM, 200);
            add(PlanDirection.TO_SYSTEM, layout, CopyMethod.MAPPED, 100);
        }

        CopyPlan plan = CopyChoice.plan(rates, Optional.empty());

        assertEquals(CopyMethod.IN_PLACE_ITEM, plan.toDevice().method(1));
        assertEquals(CopyMethod.MAPPED, plan.toSystem().method(1));
    }

    @Test
    void earlierPlanStaysWhereItIsAboutAsGood() {
        add(CopyMethod.IN_PLACE_ITEM, 10_000, 108, 0);
        add(CopyMethod.IN_PLACE_GROUP_NT, 10_000, 100, 0);
        CopyPlan earlier = CopyPlan.only(CopyMethod.IN_PLACE_ITEM);

        assertEquals(earlier, CopyChoice.plan(rates, Optional.of(earlier)));
    }

    @Test
    void earlierPlanGoesWhereItIsWorse() {
        add(CopyMethod.IN_PLACE_ITEM, 10_000, 130, 0);
        add(CopyMethod.IN_PLACE_GROUP_NT, 10_000, 100, 0);
        CopyPlan earlier = CopyPlan.only(CopyMethod.IN_PLACE_ITEM);

        assertEquals(
                CopyPlan.only(CopyMethod.IN_PLACE_GROUP_NT),
                CopyChoice.plan(rates, Optional.of(earlier)));
    }

    @Test
    void earlierPlanGoesWithAMethodThatCanNotBeHadAnyMore() {
        add(CopyMethod.IN_PLACE_ITEM, 10_000, 115, 0);

        assertEquals(
                CopyPlan.only(CopyMethod.IN_PLACE_ITEM),
                CopyChoice.plan(rates, Optional.of(CopyPlan.only(CopyMethod.MAPPED))));
    }

    /// None of these methods comes close to another where it matters.
    @Test
    void timesThatScatterByAFewPercentLeaveNearlyAllPlansAsTheyAre() {
        int same = 0;
        CopyTable expected = scattered(new SplittableRandom(0), 0);
        for (int seed = 1; seed <= 100; seed++) {
            CopyTable table = scattered(new SplittableRandom(seed), 0.03);
            same += table.equals(expected) ? 1 : 0;
        }

        assertTrue(same >= 95, "the same plan in " + same + " of 100");
    }

    private CopyTable scattered(SplittableRandom random, double by) {
        rates.clear();
        add(CopyMethod.DIRECT, 20_000, 480, 1_500);
        add(CopyMethod.STAGED_ITEM, 60_000, 1_000, 0);
        add(CopyMethod.IN_PLACE_ITEM, 35_000, 500, 0);
        add(CopyMethod.IN_PLACE_ITEM_NT, 35_000, 400, 0);
        rates.replaceAll(rate ->
                new CopyRate(
                        rate.direction(),
                        rate.layout(),
                        rate.method(),
                        Math.round(rate.nanos() * random.nextDouble(1 - by, 1 + by + 1e-9)),
                        rate.reps()));
        return toDevice();
    }
}
