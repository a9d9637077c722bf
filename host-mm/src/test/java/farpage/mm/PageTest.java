package farpage.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// The words that name pages, and the numbers that addresses are made of.
final class PageTest {
    private static final long LAST = (1L << 50) - 1;

    @Test
    void numbersRoundTrip() {
        for (long number : new long[] {0, 1, LAST}) {
            assertEquals(number, Page.pfn(Page.ofPfn(number)));
            assertEquals(number, Page.devicePfn(Page.ofDevicePfn(number)));
            assertFalse(Page.isDevice(Page.ofPfn(number)));
            assertTrue(Page.isDevice(Page.ofDevicePfn(number)));
            assertTrue(Page.ofDevicePfn(number) >>> Page.BITS == 0);
        }
    }

    @Test
    void deviceBitIsBitFifty() {
        assertEquals(1L << 50, Page.ofDevicePfn(0));
        assertEquals(51, Page.BITS);
    }

    @Test
    void numberSpacesDoNotMix() {
        assertThrows(AssertionError.class, () -> Page.pfn(Page.ofDevicePfn(1)));
        assertThrows(AssertionError.class, () -> Page.devicePfn(Page.ofPfn(1)));
        assertThrows(AssertionError.class, () -> Page.ofPfn(LAST + 1));
        assertThrows(AssertionError.class, () -> Page.ofDevicePfn(LAST + 1));
        assertThrows(AssertionError.class, () -> Page.ofPfn(-1));
        assertThrows(AssertionError.class, () -> Page.isDevice(Page.NONE));
    }

    @Test
    void descriptionsTellTheSpace() {
        assertEquals("pfn 7", Page.describe(Page.ofPfn(7)));
        assertEquals("device pfn 7", Page.describe(Page.ofDevicePfn(7)));
        assertEquals("no page", Page.describe(Page.NONE));
    }

    @Test
    void addressesSplitIntoPageAndOffset() {
        long address = 0x7fff_1234_5678L;
        assertEquals(0x678, PageSize.offsetInPage(address));
        assertEquals(
                address,
                PageSize.pageAddress(PageSize.pageNumber(address))
                        + PageSize.offsetInPage(address));
        assertEquals(0x7fff_1234_5000L, PageSize.alignDown(address));
        assertEquals(0x7fff_1234_6000L, PageSize.alignUp(address));
        assertEquals(0x7fff_1234_6000L, PageSize.alignUp(0x7fff_1234_6000L));
        assertEquals(0x7fff_1220_0000L, PageSize.alignDownPmd(address));
        assertEquals(2L << 20, PageSize.PMD_SIZE);
    }

    @Test
    void rangesAreHalfOpen() {
        AddressRange range = AddressRange.ofPages(0x1000, 2);
        assertEquals(2, range.pageCount());
        assertTrue(range.contains(0x1000));
        assertFalse(range.contains(0x3000));
        assertTrue(range.overlaps(0x2fff, 0x9000));
        assertFalse(range.overlaps(0x3000, 0x9000));
        assertFalse(range.overlaps(0, 0x1000));
        assertFalse(range.isEmpty());
        assertTrue(new AddressRange(5, 5).isEmpty());
        assertEquals("000000001000-000000003000", range.toString());
        assertThrows(IllegalArgumentException.class, () -> new AddressRange(2, 1));
    }

    @Test
    void errorNumbersAreThoseOfLinux() {
        assertEquals(22, Errno.EINVAL.number());
        assertEquals(75, Errno.EOVERFLOW.number());
        assertEquals("-ENOMEM", Errno.ENOMEM.describe());
        assertEquals("0", Errno.OK.describe());
        assertTrue(Errno.OK.isOk());
        assertFalse(Errno.EBUSY.isOk());
    }
}
