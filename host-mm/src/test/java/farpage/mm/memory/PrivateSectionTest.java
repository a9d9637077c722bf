package farpage.mm.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// What eight bytes say of a device-private page, and what happens where they do not suffice.
class PrivateSectionTest {
    private static final long STRETCH = 1L << 20;

    private final PrivateSection section = new PrivateSection();

    private static Object[] names(int count) {
        Object[] names = new Object[count];
        for (int i = 0; i < count; i++) {
            names[i] = "mapping " + i;
        }
        return names;
    }

    @Test
    void placeIsWhatWasStored() {
        section.begin(7, FolioFlags.LOCKED);
        section.setZoneDeviceData(7, "driver");
        section.setPlace(7, "mapping", 3 * STRETCH + 5);
        assertEquals("mapping", section.mapping(7));
        assertEquals(3 * STRETCH + 5, section.index(7));
        assertEquals("driver", section.zoneDeviceData(7));
        assertTrue(section.isAt(7, "mapping", 3 * STRETCH + 5));
        assertFalse(section.isAt(7, "mapping", 2 * STRETCH + 5));
        assertEquals(FolioFlags.LOCKED, section.flagsAcquire(7));
        assertEquals(1, section.referencesAcquire(7));
        assertNull(section.mapping(6));
    }

    @Test
    void moreMappingsThanThereAreWindowsAreAllKept() {
        Object[] names = names(100);
        for (int page = 0; page < names.length; page++) {
            section.begin(page, 0);
            section.setPlace(page, names[page], page * STRETCH + page);
        }
        for (int page = 0; page < names.length; page++) {
            assertSame(names[page], section.mapping(page));
            assertEquals(page * STRETCH + page, section.index(page));
        }
    }

    /// Each round uses new mappings, as processes that come and go do.
    @Test
    void windowsThatNoPageUsesAnyMoreServeAgain() {
        for (int round = 0; round < 3 * FolioSection.PAGES; round += 8) {
            Object[] names = names(8);
            for (int page = 0; page < names.length; page++) {
                section.begin(page, 0);
                section.setPlace(page, names[page], page);
                assertSame(names[page], section.mapping(page));
                assertEquals(0, section.getAndSetFlags(page, FolioFlags.LOCKED));
                assertEquals(FolioFlags.LOCKED, section.tryUnlockAndFree(page));
                assertNull(section.mapping(page));
            }
        }
    }

    @Test
    void placesOfRandomPagesAreThoseLastStored() {
        SplittableRandom random = new SplittableRandom(20261121);
        Object[] names = names(64);
        int[] mapping = new int[256];
        long[] index = new long[256];
        for (int page = 0; page < 256; page++) {
            section.begin(page, 0);
            mapping[page] = -1;
        }
        for (int step = 0; step < 60_000; step++) {
            int page = random.nextInt(256);
            mapping[page] = random.nextInt(step < 30_000 ? 64 : 8);
            index[page] = random.nextLong(1L << 52);
            section.setPlace(page, names[mapping[page]], index[page]);
            int looked = random.nextInt(256);
            assertSame(
                    mapping[looked] < 0 ? null : names[mapping[looked]], section.mapping(looked));
            assertEquals(index[looked], section.index(looked));
        }
    }

    @Test
    void countsThatOutgrowTheirBitsGoOnAndComeBack() {
        section.begin(3, FolioFlags.UPTODATE);
        for (int count = 1; count <= 2000; count++) {
            assertEquals(count, section.getAndAddReferences(3, 1));
            assertEquals(count - 1, section.getAndAddMappings(3, 1));
        }
        assertEquals(2001, section.referencesAcquire(3));
        assertFalse(section.casReferences(3, 5, 0));
        assertTrue(section.casReferences(3, 2001, 0), "frozen");
        assertTrue(section.casReferences(3, 0, 2001), "and given back");
        assertEquals(-1, section.tryUnlockAndFree(3));
        assertTrue(section.tryGet(3, 0));
        assertFalse(section.tryGet(3, 2), "a folio of another size by now");
        assertEquals(2002, section.getAndAddReferences(3, -1));
        for (int count = 2000; count > 0; count--) {
            assertEquals(count + 1, section.getAndAddReferences(3, -1));
            assertEquals(count, section.getAndAddMappings(3, -1));
        }
        assertEquals(1, section.referencesAcquire(3));
        assertEquals(0, section.mappingsAcquire(3));
        assertEquals(FolioFlags.UPTODATE, section.flagsAcquire(3));
    }

    @Test
    void referenceIsTakenOnlyToAFolioInUseOfTheSizeThatWasSeen() {
        assertFalse(section.tryGet(4, 0), "free");
        section.begin(4, FolioFlags.ofOrder(2));
        section.begin(5, FolioFlags.ofTail(2));
        assertFalse(section.tryGet(4, 0), "large");
        assertFalse(section.tryGet(5, 0), "part of a large one");
        assertFalse(section.tryGet(5, 2), "not its head");
        assertTrue(section.tryGet(4, 2));
        assertEquals(2, section.referencesAcquire(4));
        assertEquals(1, section.referencesAcquire(5));
    }

    @Test
    void onlyWhatOneProcessHasForItselfIsTakenInOneStep() {
        section.begin(1, FolioFlags.ANON_EXCLUSIVE);
        assertEquals(-1, section.tryTakeExclusive(1, 0), "not mapped");
        section.getAndAddMappings(1, 1);
        section.getAndAddReferences(1, 1);
        assertEquals(-1, section.tryTakeExclusive(1, 0), "somebody else holds it");
        section.getAndAddReferences(1, -1);
        assertEquals(FolioFlags.ANON_EXCLUSIVE, section.tryTakeExclusive(1, FolioFlags.DIRTY));
        assertEquals(FolioFlags.LOCKED | FolioFlags.DIRTY, section.flagsAcquire(1));
        assertEquals(0, section.mappingsAcquire(1));
        assertEquals(1, section.referencesAcquire(1));
        assertEquals(-1, section.tryTakeExclusive(1, 0), "locked");
    }
}
