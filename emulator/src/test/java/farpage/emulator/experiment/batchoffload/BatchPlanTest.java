package farpage.emulator.experiment.batchoffload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BatchPlanTest {
    @Test
    void batchesThatNeedMoreMemoryThanThereIsAreNotMeasured() {
        BatchPlan plan = new BatchPlan(32L << 20, 1, 0, List.of(9, 0, 4, 0));
        assertEquals(List.of(0, 4, 9), plan.orders());
        assertTrue(plan.has(4, 512));
        assertTrue(plan.has(9, 16));
        assertFalse(plan.has(9, 512));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 1, 0, 0",
        "4096, 1, 0, 0",
        "3145728, 1, 0, 0",
        "1075838976, 1, 0, 0",
        "2097152, 0, 0, 0",
        "2097152, 1001, 0, 0",
        "2097152, 1, -1, 0",
        "2097152, 1, 0, 1",
        "2097152, 1, 0, 10"
    })
    void whatMakesNoSenseIsRefused(long bytes, int runs, int warmUpRuns, int order) {
        List<Integer> orders = List.of(order);
        assertThrows(
                IllegalArgumentException.class,
                () -> new BatchPlan(bytes, runs, warmUpRuns, orders));
    }
}
