package farpage.emulator.copy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Page;
import org.junit.jupiter.api.Test;

final class AccessBatchTest {
    private final AccessBatch batch = new AccessBatch();

    private void add(long devicePfn, long bufferPage, int pagesToEnd) {
        batch.add(Page.ofDevicePfn(devicePfn), CopyEngine.bytes(bufferPage), pagesToEnd);
    }

    @Test
    void neighboursAreJoined() {
        add(5, 0, 100);
        add(6, 1, 99);
        add(7, 2, 98);
        assertEquals(1, batch.runCount());
        assertEquals(3, batch.pageCount(0));
        assertEquals(3, batch.pageCount());
    }

    @Test
    void aGapInTheBufferOrInThePagesEndsARun() {
        add(5, 0, 100);
        add(6, 2, 99);
        add(8, 3, 97);
        assertEquals(3, batch.runCount());
        assertEquals(CopyEngine.bytes(3), batch.offset(2));
        assertEquals(Page.ofDevicePfn(8), batch.firstPage(2));
    }

    @Test
    void theEndOfABufferEndsARun() {
        add(5, 0, 2);
        add(6, 1, 1);
        add(7, 2, 50);
        add(8, 3, 49);
        assertEquals(2, batch.runCount());
        assertEquals(2, batch.pageCount(0));
        assertEquals(2, batch.pageCount(1));
    }

    @Test
    void itGrowsAndIsUsedAgain() {
        for (int i = 0; i < 100; i++) {
            add(2L * i, i, 10);
        }
        assertEquals(100, batch.runCount());
        assertEquals(Page.ofDevicePfn(198), batch.firstPage(99));
        batch.clear();
        assertTrue(batch.isEmpty());
        assertEquals(0, batch.pageCount());
        add(1, 0, 1);
        assertEquals(1, batch.runCount());
    }
}
