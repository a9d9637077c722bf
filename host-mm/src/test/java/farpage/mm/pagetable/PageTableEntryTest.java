package farpage.mm.pagetable;

import static farpage.mm.pagetable.PageTableEntry.NONE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Page;
import farpage.mm.pagetable.PageTableEntry.Shape;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The words of a page table: what is put in comes out, and the bits are where the diagram says.
final class PageTableEntryTest {
    private static final long LAST = (1L << 50) - 1;

    static List<Long> pages() {
        return List.of(
                Page.ofPfn(0),
                Page.ofPfn(1),
                Page.ofPfn(LAST),
                Page.ofDevicePfn(0),
                Page.ofDevicePfn(1),
                Page.ofDevicePfn(LAST));
    }

    /// One of each kind of entry that there is, for a page.
    private static List<Long> entries(long page) {
        List<Long> entries = new ArrayList<>();
        for (boolean writable : new boolean[] {false, true}) {
            long present = PageTableEntry.ofPage(page, writable);
            entries.add(present);
            entries.add(PageTableEntry.withAccess(present, true));
            entries.add(PageTableEntry.withProtNone(present, true));
            entries.add(PageTableEntry.ofMigration(present, writable, writable));
            entries.add(PageTableEntry.ofMigration(present, false, true));
            entries.add(PageTableEntry.ofDeviceExclusive(present));
            if (Page.isDevice(page)) {
                entries.add(PageTableEntry.ofDevicePrivate(page, writable, NONE));
            }
        }
        entries.add(PageTableEntry.ofSpecial(page));
        entries.add(PageTableEntry.ofHwPoison(page));
        return entries;
    }

    @ParameterizedTest
    @Tag("T-1.1")
    @ValueSource(longs = {0, 1, LAST})
    void entriesOfTheKernelsOtherKindsKeepWhatTheyCarry(long pfn) {
        long present = PageTableEntry.withSoftDirty(PageTableEntry.ofPage(pfn, true));
        long exclusive = PageTableEntry.ofDeviceExclusive(present);
        assertEquals(Shape.DEVICE_EXCLUSIVE, PageTableEntry.shape(exclusive));
        assertEquals(pfn, PageTableEntry.page(exclusive));
        assertTrue(PageTableEntry.isSoftDirty(exclusive));
        long poisoned = PageTableEntry.ofHwPoison(pfn);
        assertEquals(Shape.HWPOISON, PageTableEntry.shape(poisoned));
        assertEquals(pfn, PageTableEntry.page(poisoned));
        for (int area = 1; area < 24; area += 22) {
            for (boolean alone : new boolean[] {false, true}) {
                long swap = PageTableEntry.ofSwappedOut(area, pfn, alone, present);
                assertEquals(Shape.SWAP, PageTableEntry.shape(swap));
                assertEquals(area, PageTableEntry.type(swap));
                assertEquals(pfn, PageTableEntry.swapOffset(swap));
                assertEquals(alone, PageTableEntry.isExclusiveSwap(swap));
                assertTrue(PageTableEntry.isSoftDirty(swap));
                assertFalse(PageTableEntry.isExclusiveSwap(PageTableEntry.asSharedSwap(swap)));
                long back = PageTableEntry.ofSwappedIn(pfn, alone, swap);
                assertEquals(pfn, PageTableEntry.page(back));
                assertEquals(alone, PageTableEntry.isWritable(back));
                assertTrue(PageTableEntry.isSoftDirty(back));
            }
        }
    }

    @ParameterizedTest
    @Tag("T-1.1")
    @MethodSource("pages")
    @Tag("T-1.1")
    void everyEntryKeepsItsPage(long page) {
        for (long entry : entries(page)) {
            assertEquals(page, PageTableEntry.page(entry), PageTableEntry.describe(entry));
            assertTrue(PageTableEntry.hasPage(entry));
            assertFalse(PageTableEntry.isNone(entry));
            assertEquals(entry, PageTableEntry.following(entry, 0));
        }
    }

    @ParameterizedTest
    @MethodSource("pages")
    void predicatesAgreeWithTheShape(long page) {
        for (long entry : entries(page)) {
            Shape shape = PageTableEntry.shape(entry);
            assertEquals(shape == Shape.PRESENT, PageTableEntry.isPresent(entry));
            assertEquals(shape == Shape.MIGRATION, PageTableEntry.isMigration(entry));
            assertEquals(shape == Shape.DEVICE_PRIVATE, PageTableEntry.isDevicePrivate(entry));
            if (shape != Shape.PRESENT) {
                assertFalse(PageTableEntry.isWritable(entry));
                assertFalse(PageTableEntry.isReadable(entry));
                assertFalse(PageTableEntry.isSpecial(entry));
                assertFalse(PageTableEntry.isProtNone(entry));
            }
        }
    }

    @Test
    void noneIsNothing() {
        assertTrue(PageTableEntry.isNone(NONE));
        assertEquals(Shape.NONE, PageTableEntry.shape(NONE));
        assertFalse(PageTableEntry.isPresent(NONE));
        assertFalse(PageTableEntry.hasPage(NONE));
        assertFalse(PageTableEntry.isMigration(NONE));
        assertFalse(PageTableEntry.isDevicePrivate(NONE));
        assertEquals("none", PageTableEntry.describe(NONE));
    }

    @Test
    @Tag("T-1.1")
    void entriesWithoutAPageKeepWhatTheyHaveInstead() {
        for (int area : new int[] {0, 1, 23}) {
            for (long offset : new long[] {1, 2, (1L << 31) - 1}) {
                for (boolean exclusive : new boolean[] {false, true}) {
                    long entry = PageTableEntry.ofSwap(area, offset, exclusive);
                    assertEquals(Shape.SWAP, PageTableEntry.shape(entry));
                    assertEquals(area, PageTableEntry.type(entry));
                    assertEquals(offset, PageTableEntry.swapOffset(entry));
                    assertEquals(exclusive, PageTableEntry.isExclusiveSwap(entry));
                    assertFalse(PageTableEntry.hasPage(entry));
                }
            }
        }
        for (int marks = 1; marks < 8; marks++) {
            long entry = PageTableEntry.ofMarker(marks);
            assertEquals(Shape.MARKER, PageTableEntry.shape(entry));
            assertEquals(marks, PageTableEntry.marks(entry));
            assertFalse(PageTableEntry.hasPage(entry));
        }
    }

    @Test
    void bitsLieWhereTheDiagramSays() {
        long present = PageTableEntry.ofPage(3, false);
        assertEquals(3L << 13 | 0x1, present);
        assertEquals(0x2, PageTableEntry.withWrite(present) ^ present);
        assertEquals(0x4, PageTableEntry.withAccess(present, false) ^ present);
        assertEquals(0xc, PageTableEntry.withAccess(present, true) ^ present);
        assertEquals(3L << 13 | 0x41, PageTableEntry.ofSpecial(3));
        assertEquals(0x80, PageTableEntry.withProtNone(present, true) ^ present);
        assertEquals(
                Page.ofDevicePfn(3) << 13 | 28L << 8,
                PageTableEntry.ofDevicePrivate(Page.ofDevicePfn(3), true, NONE));
        assertEquals(1L << 63, Page.ofDevicePfn(0) << 13, "the device bit is the highest");
        assertEquals(3L << 13 | 25L << 8, PageTableEntry.ofMigration(present, false, false));
    }

    @Test
    @Tag("T-1.2")
    void swapTypesFollowTwentyFourSwapFiles() {
        assertEquals(24, PageTableEntry.TYPE_HWPOISON);
        assertEquals(25, PageTableEntry.TYPE_MIGRATION_READ);
        assertEquals(26, PageTableEntry.TYPE_MIGRATION_READ_EXCLUSIVE);
        assertEquals(27, PageTableEntry.TYPE_MIGRATION_WRITE);
        assertEquals(28, PageTableEntry.TYPE_DEVICE_WRITE);
        assertEquals(29, PageTableEntry.TYPE_DEVICE_READ);
        assertEquals(30, PageTableEntry.TYPE_DEVICE_EXCLUSIVE);
        assertEquals(31, PageTableEntry.TYPE_MARKER);
        Shape[] shapes = new Shape[32];
        for (int type = 0; type < 32; type++) {
            shapes[type] = PageTableEntry.shape((long) type << 8 | 1L << 13);
        }
        for (int type = 0; type < 24; type++) {
            assertEquals(Shape.SWAP, shapes[type]);
        }
        assertEquals(Shape.HWPOISON, shapes[24]);
        assertEquals(Shape.MIGRATION, shapes[25]);
        assertEquals(Shape.MIGRATION, shapes[26]);
        assertEquals(Shape.MIGRATION, shapes[27]);
        assertEquals(Shape.DEVICE_PRIVATE, shapes[28]);
        assertEquals(Shape.DEVICE_PRIVATE, shapes[29]);
        assertEquals(Shape.DEVICE_EXCLUSIVE, shapes[30]);
        assertEquals(Shape.MARKER, shapes[31]);
    }

    @Test
    void migrationTypeTellsWritableAndExclusive() {
        long present = PageTableEntry.ofPage(3, true);
        long write = PageTableEntry.ofMigration(present, true, true);
        long exclusive = PageTableEntry.ofMigration(present, false, true);
        long shared = PageTableEntry.ofMigration(present, false, false);
        assertTrue(PageTableEntry.isWritableMigration(write));
        assertFalse(PageTableEntry.isSharedMigration(write));
        assertFalse(PageTableEntry.isWritableMigration(exclusive));
        assertFalse(PageTableEntry.isSharedMigration(exclusive));
        assertTrue(PageTableEntry.isSharedMigration(shared));
        assertEquals(
                shared, PageTableEntry.asMigrationType(write, PageTableEntry.TYPE_MIGRATION_READ));
    }

    @Test
    @Tag("T-1.3")
    void youngAndDirtyTravelWithAMigrationEntry() {
        long used = PageTableEntry.withAccess(PageTableEntry.ofPage(3, true), true);
        long migration = PageTableEntry.ofMigration(used, true, true);
        assertTrue(PageTableEntry.isYoung(migration));
        assertTrue(PageTableEntry.isDirty(migration));
        assertEquals(
                PageTableEntry.withSoftDirty(used),
                PageTableEntry.ofMigrated(3, migration, true, true));
        long clean = PageTableEntry.ofMigrated(4, migration, true, false);
        assertTrue(PageTableEntry.isYoung(clean));
        assertFalse(PageTableEntry.isDirty(clean), "the folio is not dirty");
        assertEquals(4, PageTableEntry.page(clean));
    }

    @Test
    void deviceEntriesAreOldAndClean() {
        long used = PageTableEntry.withAccess(PageTableEntry.ofPage(3, true), true);
        long migration = PageTableEntry.ofMigration(used, true, true);
        long device = PageTableEntry.ofDevicePrivate(Page.ofDevicePfn(1), true, migration);
        assertFalse(PageTableEntry.isYoung(device));
        assertFalse(PageTableEntry.isDirty(device));
        assertTrue(PageTableEntry.isWritableDevicePrivate(device));
        long back = PageTableEntry.ofMigration(device, true, true);
        assertFalse(PageTableEntry.isYoung(back));
    }

    private static final long SOFT_DIRTY = 0x10;
    private static final long UFFD_WP = 0x20;

    @Test
    @Tag("T-2.25")
    void softDirtyAndUffdWpSurviveTheRoundTrip() {
        for (long bits : new long[] {0, SOFT_DIRTY, UFFD_WP, SOFT_DIRTY | UFFD_WP}) {
            boolean writable = (bits & UFFD_WP) == 0; // what is protected is not writable
            long present = PageTableEntry.ofPage(3, writable) | bits;
            long out = PageTableEntry.ofMigration(present, writable, true);
            long there = Page.ofDevicePfn(1);
            long device = PageTableEntry.ofDevicePrivate(there, writable, out);
            long home = PageTableEntry.ofMigration(device, writable, true);
            assertEquals(
                    PageTableEntry.ofPage(9, writable) | bits,
                    PageTableEntry.ofMigrated(9, home, writable, false));
        }
    }

    @Test
    void downgradeOfADeviceEntryLosesSoftDirtyAndKeepsUffdWp() {
        long migration =
                PageTableEntry.ofMigration(
                        PageTableEntry.ofPage(3, true) | SOFT_DIRTY | UFFD_WP, true, true);
        long device = PageTableEntry.ofDevicePrivate(Page.ofDevicePfn(1), true, migration);
        long read = PageTableEntry.asReadDevicePrivate(device);
        assertFalse(PageTableEntry.isWritableDevicePrivate(read));
        assertEquals(Page.ofDevicePfn(1), PageTableEntry.page(read));
        assertEquals(UFFD_WP, read & (SOFT_DIRTY | UFFD_WP));
        assertThrows(AssertionError.class, () -> PageTableEntry.asReadDevicePrivate(read));
    }

    @Test
    void protNoneTakesReadingAndWritingAway() {
        long entry = PageTableEntry.ofPage(3, true);
        long none = PageTableEntry.withProtNone(entry, true);
        assertTrue(PageTableEntry.isPresent(none));
        assertFalse(PageTableEntry.isReadable(none));
        assertFalse(PageTableEntry.isWritable(none));
        assertEquals(PageTableEntry.ofPage(3, false), PageTableEntry.withProtNone(none, false));
    }

    @Test
    void changesAreUndone() {
        long entry = PageTableEntry.ofPage(3, false);
        assertEquals(entry, PageTableEntry.withoutWrite(PageTableEntry.withWrite(entry)));
        assertEquals(entry, PageTableEntry.withoutYoung(PageTableEntry.withAccess(entry, false)));
    }

    @Test
    void followingEntryNamesTheNextPage() {
        long entry = PageTableEntry.withAccess(PageTableEntry.ofPage(3, true), true);
        long next = PageTableEntry.withAccess(PageTableEntry.ofPage(8, true), true);
        assertEquals(next, PageTableEntry.following(entry, 5));
    }

    @Test
    void descriptionsTellKindAndPage() {
        assertEquals(
                "PRESENT rw young dirty pfn 3",
                PageTableEntry.describe(
                        PageTableEntry.withAccess(PageTableEntry.ofPage(3, true), true)));
        assertEquals(
                "DEVICE_PRIVATE type 29 device pfn 7",
                PageTableEntry.describe(
                        PageTableEntry.ofDevicePrivate(Page.ofDevicePfn(7), false, NONE)));
    }
}
