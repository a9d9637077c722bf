package farpage.emulator.calibration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

final class PagePoolTest {
    private final PagePool pool = new PagePool(64, new SplittableRandom(1));

    private List<Integer> take(int count, int runPages) {
        List<Integer> taken = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            taken.add(pool.take(runPages));
        }
        return taken;
    }

    @Test
    void everyPageIsTakenOnceBeforeOneIsTakenAgain() {
        List<Integer> first = take(64, 1);

        assertEquals(64, new TreeSet<>(first).size());
        assertEquals(first, take(64, 1));
    }

    @Test
    void runsBeginAtMultiplesOfTheirLength() {
        assertEquals(List.of(0, 16, 32, 48), take(4, 16).stream().sorted().toList());
    }

    @Test
    void orderIsShuffled() {
        List<Integer> taken = take(64, 1);

        assertNotEquals(taken.stream().sorted().toList(), taken);
    }
}
