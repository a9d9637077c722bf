package farpage.emulator.mirror;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Page;
import org.junit.jupiter.api.Test;

final class DevicePteTest {
    private static final long[] PAGES = {
        Page.ofPfn(0),
        Page.ofPfn(1),
        Page.ofPfn((1L << 50) - 1),
        Page.ofDevicePfn(0),
        Page.ofDevicePfn((1L << 50) - 1)
    };

    @Test
    void entryKeepsPageAndAccess() {
        for (long page : PAGES) {
            for (boolean writable : new boolean[] {false, true}) {
                long entry = DevicePte.of(page, writable);
                assertTrue(DevicePte.isPresent(entry));
                assertEquals(page, DevicePte.page(entry));
                assertEquals(writable, DevicePte.isWritable(entry));
                assertFalse(DevicePte.isAtomic(entry));
                long atomic = DevicePte.withAtomic(entry);
                assertTrue(DevicePte.isAtomic(atomic));
                assertEquals(page, DevicePte.page(atomic));
                assertEquals(writable, DevicePte.isWritable(atomic));
            }
        }
    }

    @Test
    void noEntryIsNeitherPresentNorWritable() {
        assertFalse(DevicePte.isPresent(DevicePte.NONE));
        assertFalse(DevicePte.isWritable(DevicePte.NONE));
        assertFalse(DevicePte.isAtomic(DevicePte.NONE));
        assertEquals("none", DevicePte.describe(DevicePte.NONE));
    }

    @Test
    void entriesAreDescribed() {
        assertEquals("pfn 7 read", DevicePte.describe(DevicePte.of(Page.ofPfn(7), false)));
        assertEquals(
                "device pfn 9 write atomic",
                DevicePte.describe(DevicePte.withAtomic(DevicePte.of(Page.ofDevicePfn(9), true))));
    }
}
