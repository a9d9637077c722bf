package farpage.emulator.copy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

final class CopyCountersTest {
    private final CopyCounters one = new CopyCounters(1, 10, 2, 40960, 3, 20480);

    @Test
    void rateIsBytesOverTime() {
        assertEquals(2.0, one.gigabytesPerSecond());
        assertEquals(0.0, new CopyCounters(0, 0, 0, 0, 0, 0).gigabytesPerSecond());
    }

    @Test
    void sumAndDifferenceUndoEachOther() {
        assertEquals(one, one.plus(one).since(one));
    }

    @Test
    void aBatchHasRoom() {
        assertThrows(IllegalArgumentException.class, () -> new CopyBatch(0));
    }
}
