package farpage.emulator.experiment.largefolios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LargeFolioPlanTest {
    @Test
    void noFolioHasTwoPages() {
        assertEquals(List.of(0, 2, 3, 4, 5, 6, 7, 8, 9), LargeFolioPlan.ORDERS);
    }

    @Test
    void ordersAreSortedAndTakenOnce() {
        assertEquals(
                List.of(0, 4, 9), new LargeFolioPlan(2L << 20, 1, 0, List.of(9, 0, 4, 0)).orders());
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
                () -> new LargeFolioPlan(bytes, runs, warmUpRuns, orders));
    }
}
