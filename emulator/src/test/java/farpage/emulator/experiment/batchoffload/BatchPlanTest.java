package farpage.emulator.experiment.batchoffload;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

final class BatchPlanTest {
    @Test
    void batchesThatNeedMoreMemoryThanThereIsAreNotMeasured() {
        BatchPlan plan = new BatchPlan(32L << 20, 1, 0, List.of(0, 4, 9));
        assertTrue(plan.has(4, 512));
        assertTrue(plan.has(9, 16));
        assertFalse(plan.has(9, 512));
    }
}
