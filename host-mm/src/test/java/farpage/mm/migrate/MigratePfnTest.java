package farpage.mm.migrate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Page;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The words of a migration.
final class MigratePfnTest {
    @ParameterizedTest
    @ValueSource(longs = {0, 1, (1L << 50) - 1})
    void wordsKeepTheirPage(long number) {
        for (long page : new long[] {Page.ofPfn(number), Page.ofDevicePfn(number)}) {
            assertEquals(page, MigratePfn.page(MigratePfn.ofPage(page)));
            long source = MigratePfn.ofSource(page, true);
            assertEquals(page, MigratePfn.page(source));
            assertTrue(MigratePfn.isMigrating(source));
            assertTrue(MigratePfn.hasMigrated(source));
            assertTrue(MigratePfn.isWritable(source));
            assertFalse(MigratePfn.isWritable(MigratePfn.ofSource(page, false)));
            long refused = MigratePfn.withoutMigrate(source);
            assertFalse(MigratePfn.isMigrating(refused));
            assertEquals(page, MigratePfn.page(refused));
            assertTrue(MigratePfn.isWritable(refused));
        }
    }

    @Test
    void bitsAreThoseOfTheKernel() {
        assertEquals(3L << 6 | 0x1, MigratePfn.ofPage(3));
        assertEquals(3L << 6 | 0x3, MigratePfn.ofSource(3, false));
        assertEquals(3L << 6 | 0xb, MigratePfn.ofSource(3, true));
        assertEquals(0x2, MigratePfn.ofHole(0));
        assertEquals(3L << 6 | 0x9, MigratePfn.withWrite(MigratePfn.ofPage(3)));
        assertTrue(MigratePfn.isCompound(0x10));
    }

    @Test
    void wordsWithoutAPageSaySo() {
        assertEquals(Page.NONE, MigratePfn.page(MigratePfn.SKIP));
        assertEquals(Page.NONE, MigratePfn.page(MigratePfn.ofHole(0)));
        assertFalse(MigratePfn.hasPage(MigratePfn.ofHole(0)));
        assertTrue(MigratePfn.isMigrating(MigratePfn.ofHole(0)));
        assertFalse(MigratePfn.hasMigrated(MigratePfn.ofHole(0)));
    }

    @Test
    void descriptionsAreForPeople() {
        assertEquals("skip", MigratePfn.describe(MigratePfn.SKIP));
        assertEquals("hole migrate", MigratePfn.describe(MigratePfn.ofHole(0)));
        assertEquals(
                "device pfn 3 migrate write",
                MigratePfn.describe(MigratePfn.ofSource(Page.ofDevicePfn(3), true)));
    }
}
