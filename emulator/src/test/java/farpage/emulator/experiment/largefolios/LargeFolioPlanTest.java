package farpage.emulator.experiment.largefolios;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

final class LargeFolioPlanTest {
    @Test
    void noFolioHasTwoPages() {
        assertEquals(List.of(0, 2, 3, 4, 5, 6, 7, 8, 9), LargeFolioPlan.ORDERS);
    }
}
