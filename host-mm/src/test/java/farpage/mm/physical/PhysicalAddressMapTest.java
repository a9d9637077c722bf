package farpage.mm.physical;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Check;
import farpage.mm.Errno;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Where windows for device memory are found, and when there is none.
final class PhysicalAddressMapTest {
    private static final long GIB = 1L << 30;
    private static final long SECTION = PhysicalAddressMap.SECTION_SIZE;

    private static PhysicalAddressMap map(int bits) {
        return new PhysicalAddressMap(PhysicalLayout.of(bits), GIB);
    }

    private static PhysicalRange found(PhysicalAddressMap map, long bytes) {
        return assertInstanceOf(MemRegion.Found.class, map.requestFreeMemRegion(bytes, "a device"))
                .range();
    }

    private static String refused(PhysicalAddressMap map, long bytes) {
        MemRegion.Refused refused =
                assertInstanceOf(
                        MemRegion.Refused.class, map.requestFreeMemRegion(bytes, "a device"));
        assertEquals(Errno.ERANGE, refused.errno());
        return refused.reason();
    }

    @Test
    void windowsAreTakenFromTheEndDownwardsBelowThePciWindow() {
        PhysicalAddressMap map = map(40);
        long pci = (1L << 40) / 8 * 7;
        PhysicalRange first = found(map, 80 * GIB);
        assertEquals(pci, first.end());
        assertEquals(pci - 80 * GIB, first.start());
        assertEquals(first.start(), found(map, GIB).end());
    }

    @Test
    void windowHasWholeSections() {
        PhysicalAddressMap map = map(40);
        for (long bytes : new long[] {1, SECTION - 1, SECTION, SECTION + 1, 3 * SECTION + 4096}) {
            PhysicalRange range = found(map, bytes);
            assertEquals(0, range.start() % SECTION);
            assertEquals(PhysicalAddressMap.alignUp(bytes, SECTION), range.size());
        }
    }

    @Test
    void windowGoesIntoTheHighestHoleThatIsLargeEnough() {
        PhysicalAddressMap map = map(40);
        PhysicalRange high = found(map, 2 * GIB);
        PhysicalRange low = found(map, 4 * GIB);
        found(map, GIB);
        map.release(high);
        map.release(low);
        PhysicalRange again = found(map, 5 * GIB);
        assertEquals(high.end(), again.end());
        assertEquals(low.start() - 3 * GIB, found(map, 2 * GIB).start());
    }

    @Test
    void holeBetweenRamAndTheLowPciWindowIsUsedToo() {
        PhysicalAddressMap map = map(32);
        assertEquals(GIB, found(map, 2 * GIB).start());
        assertTrue(refused(map, 1).contains("only 0 GiB are free"));
    }

    @Test
    @Tag("T-9.3")
    void mapThatIsTooSmallIsSaidToBe() {
        assertTrue(refused(map(36), 80 * GIB).contains("a physical address map of 36 bits"));
        assertTrue(refused(map(36), 80 * GIB).contains("only 54 GiB are free"));
        found(map(37), 80 * GIB);
    }

    @Test
    @Tag("T-9.3")
    void mapThatIsFragmentedIsSaidToBe() {
        PhysicalAddressMap map = map(36);
        long mid = 30 * GIB;
        assertEquals(
                Errno.OK,
                map.insertFixed(
                        new PhysicalRange(
                                mid, mid + GIB, PhysicalRange.Kind.SOFT_RESERVED, "in the way")));
        assertTrue(refused(map, 40 * GIB).contains("its largest hole has 26 GiB"));
        assertEquals(26 * GIB, map.largestHole());
        assertEquals(53 * GIB, map.freeBytes());
    }

    @Test
    void whatIsTakenCanNotBeTakenAgain() {
        PhysicalAddressMap map = map(36);
        PhysicalRange taken = found(map, GIB);
        PhysicalRange into =
                new PhysicalRange(
                        taken.start() - GIB,
                        taken.start() + 1,
                        PhysicalRange.Kind.SOFT_RESERVED,
                        "another");
        assertEquals(Errno.ENOMEM, map.insertFixed(into));
        PhysicalRange beyond =
                new PhysicalRange(
                        (1L << 36) - 1,
                        (1L << 36) + 1,
                        PhysicalRange.Kind.SOFT_RESERVED,
                        "another");
        assertEquals(Errno.ERANGE, map.insertFixed(beyond));
        map.release(taken);
        assertEquals(Errno.OK, map.insertFixed(into));
        assertThrows(Check.Broken.class, () -> map.release(taken));
    }

    @Test
    void addressLeadsToWhatLiesThere() {
        PhysicalAddressMap map = map(40);
        PhysicalRange taken = found(map, GIB);
        assertEquals(taken, map.lookup(taken.start()));
        assertEquals(taken, map.lookup(taken.end() - 1));
        assertNull(map.lookup(taken.start() - 1));
        PhysicalRange ram = map.lookup(0);
        assertNotNull(ram);
        assertEquals(PhysicalRange.Kind.SYSTEM_RAM, ram.kind());
        assertNull(map.lookup(GIB));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void randomLayoutTakesTheEndOfTheMapAwayAndIsTheSameForASeed(long seed) {
        PhysicalLayout layout = PhysicalLayout.of(40).shuffled(seed);
        PhysicalAddressMap map = new PhysicalAddressMap(layout, GIB);
        assertEquals(map.usableEnd(), new PhysicalAddressMap(layout, GIB).usableEnd());
        assertTrue(map.usableEnd() >= GIB);
        assertTrue(map.usableEnd() <= 1L << 40);
        if (map.largestHole() > 0) {
            assertTrue(found(map, SECTION).end() <= map.usableEnd());
        }
    }

    @Test
    void randomLayoutsDiffer() {
        Set<Long> ends = new HashSet<>();
        for (long seed = 0; seed < 32; seed++) {
            PhysicalLayout layout = PhysicalLayout.of(46).shuffled(seed);
            ends.add(new PhysicalAddressMap(layout, GIB).usableEnd());
        }
        assertTrue(ends.size() > 24, ends::toString);
    }

    @Test
    void ramBeyondTheMapIsRefused() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new PhysicalAddressMap(PhysicalLayout.of(32), 4 * GIB));
        assertThrows(IllegalArgumentException.class, () -> PhysicalLayout.of(31));
        assertThrows(IllegalArgumentException.class, () -> PhysicalLayout.of(53));
    }
}
