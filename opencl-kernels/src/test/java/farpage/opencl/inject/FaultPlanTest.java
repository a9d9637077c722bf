package farpage.opencl.inject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.opencl.ClError;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FaultPlanTest {
    private static final ClError LOST = ClError.OUT_OF_RESOURCES;

    private static List<Long> failures(FaultPlan plan, CallKind kind, int calls) {
        List<Long> failed = new ArrayList<>();
        for (long call = 1; call <= calls; call++) {
            if (plan.next(kind) instanceof Fault.Fail) {
                failed.add(call);
            }
        }
        return failed;
    }

    @Test
    void emptyPlanStrikesNothingAndCounts() {
        FaultPlan plan = FaultPlan.explicit();
        for (CallKind kind : CallKind.values()) {
            assertEquals(List.of(), failures(plan, kind, 10));
            assertEquals(10, plan.calls(kind));
        }
        assertEquals(List.of(), plan.injected());
    }

    @Test
    void explicitFaultsStrikeTheirCallsOnly() {
        FaultPlan plan =
                FaultPlan.explicit()
                        .fail(CallKind.WRITE, 2, LOST)
                        .fail(CallKind.WRITE, 5, LOST)
                        .fail(CallKind.LAUNCH, 1, LOST);
        assertEquals(List.of(2L, 5L), failures(plan, CallKind.WRITE, 10));
        assertEquals(List.of(), failures(plan, CallKind.READ, 10));
        assertEquals(List.of(1L), failures(plan, CallKind.LAUNCH, 10));
        assertEquals(3, plan.injected().size());
        assertTrue(plan.injected().getFirst().startsWith("clEnqueueWriteBuffer 2:"));
    }

    @Test
    void nextCallCountsFromNow() {
        FaultPlan plan = FaultPlan.explicit();
        assertEquals(List.of(), failures(plan, CallKind.COPY, 4));
        plan.failNext(CallKind.COPY, LOST);
        assertEquals(List.of(1L), failures(plan, CallKind.COPY, 4));
    }

    @Test
    void seededPlanIsTheSameForTheSameSeed() {
        Set<CallKind> kinds = EnumSet.of(CallKind.WRITE, CallKind.READ);
        List<Long> first =
                failures(FaultPlan.seeded(1, 100_000, kinds, LOST), CallKind.WRITE, 2000);
        List<Long> again =
                failures(FaultPlan.seeded(1, 100_000, kinds, LOST), CallKind.WRITE, 2000);
        List<Long> other =
                failures(FaultPlan.seeded(2, 100_000, kinds, LOST), CallKind.WRITE, 2000);
        List<Long> reads = failures(FaultPlan.seeded(1, 100_000, kinds, LOST), CallKind.READ, 2000);
        assertEquals(first, again);
        assertNotEquals(first, other);
        assertNotEquals(first, reads);
        assertTrue(first.size() > 120 && first.size() < 280, "one in ten: " + first.size());
    }

    @Test
    void seededPlanSparesOtherKinds() {
        FaultPlan plan = FaultPlan.seeded(3, 1_000_000, Set.of(CallKind.MAP), LOST);
        assertEquals(List.of(), failures(plan, CallKind.WRITE, 100));
        assertEquals(100, failures(plan, CallKind.MAP, 100).size());
    }

    @Test
    void faultsThatMakeNoSenseAreRefused() {
        FaultPlan plan = FaultPlan.explicit();
        plan.next(CallKind.WRITE);
        Class<IllegalArgumentException> refused = IllegalArgumentException.class;
        assertThrows(refused, () -> plan.fail(CallKind.WRITE, 1, LOST));
        assertThrows(refused, () -> plan.fail(CallKind.READ, 0, LOST));
        assertThrows(refused, () -> plan.fail(CallKind.READ, 1, ClError.SUCCESS));
        assertThrows(refused, () -> plan.partial(CallKind.FILL, 1, 10, LOST));
        assertThrows(refused, () -> plan.partial(CallKind.READ, 1, -1, LOST));
        assertThrows(refused, () -> plan.corrupt(CallKind.LAUNCH, 1, 0));
        assertThrows(refused, () -> plan.corrupt(CallKind.COPY, 1, -1));
        assertThrows(refused, () -> FaultPlan.seeded(1, 1_000_001, Set.of(), LOST));
    }
}
