package farpage.mm.hmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Page;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The words of `hmm_range_fault`.
final class HmmPfnTest {
    @ParameterizedTest
    @ValueSource(longs = {0, 1, (1L << 50) - 1})
    void wordsKeepPageOrderAndWritability(long number) {
        for (long page : new long[] {Page.ofPfn(number), Page.ofDevicePfn(number)}) {
            for (int order : new int[] {0, 9, 18}) {
                long word = HmmPfn.of(page, true, order);
                assertTrue(HmmPfn.isValid(word));
                assertTrue(HmmPfn.isWritable(word));
                assertFalse(HmmPfn.isError(word));
                assertFalse(HmmPfn.allowsP2p(word));
                assertEquals(page, HmmPfn.page(word | HmmPfn.ALLOW_P2P));
                assertEquals(page, HmmPfn.page(word));
                assertEquals(order, HmmPfn.order(word));
                assertFalse(HmmPfn.isWritable(HmmPfn.of(page, false, order)));
            }
        }
    }

    @Test
    void bitsAreThoseOfTheKernel() {
        assertEquals(1L << 63, HmmPfn.VALID);
        assertEquals(1L << 62, HmmPfn.WRITE);
        assertEquals(1L << 61, HmmPfn.ERROR);
        assertEquals(HmmPfn.VALID, HmmPfn.REQ_FAULT);
        assertEquals(HmmPfn.WRITE, HmmPfn.REQ_WRITE);
        assertEquals(7L << 58, HmmPfn.STICKY);
        assertEquals(HmmPfn.VALID | 9L << 53 | 3, HmmPfn.of(3, false, 9));
        assertEquals(1L << 52, HmmPfn.ALLOW_P2P, "the RFC's; the others are mainline's");
    }

    @Test
    void wordWithoutAPageIsNotAskedForOne() {
        assertThrows(AssertionError.class, () -> HmmPfn.page(0));
        assertEquals("none", HmmPfn.describe(0));
        assertEquals("error", HmmPfn.describe(HmmPfn.ERROR));
        assertEquals("pfn 3 read", HmmPfn.describe(HmmPfn.of(3, false, 0)));
        assertEquals(
                "device pfn 3 write", HmmPfn.describe(HmmPfn.of(Page.ofDevicePfn(3), true, 0)));
    }
}
