package farpage.emulator.mirror;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import farpage.mm.Page;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class DevicePageTableTest {
    private static final long LAST = (1L << 35) - 1;

    private final DevicePageTable table = new DevicePageTable();

    @BeforeEach
    void lock() {
        table.lock();
    }

    @AfterEach
    void unlock() {
        table.unlock();
    }

    private static long entry(long pfn) {
        return DevicePte.of(Page.ofPfn(pfn), true);
    }

    @Test
    void entriesAreFoundAtBothEndsOfTheSpace() {
        table.setEntryLocked(0, entry(1));
        table.setEntryLocked(LAST, entry(2));
        assertEquals(entry(1), table.entryLocked(0));
        assertEquals(entry(2), table.entryLocked(LAST));
        assertEquals(DevicePte.NONE, table.entryLocked(1));
        assertEquals(2, table.entryCountLocked());
    }

    @Test
    void numbersBeyondTheSpaceHaveNoEntry() {
        assertEquals(DevicePte.NONE, table.entryLocked(LAST + 1));
        assertEquals(DevicePte.NONE, table.entryLocked(-1));
        assertThrows(AssertionError.class, () -> table.setEntryLocked(LAST + 1, entry(1)));
    }

    @Test
    void entriesOfAFolioFollowEachOtherAcrossLeaves() {
        table.setEntryLocked(512, entry(7));
        table.setEntriesLocked(510, 4, entry(100));
        assertEquals(DevicePte.NONE, table.entryLocked(509));
        for (int i = 0; i < 4; i++) {
            assertEquals(entry(100 + i), table.entryLocked(510 + i));
        }
        assertEquals(DevicePte.NONE, table.entryLocked(514));
        assertEquals(4, table.entryCountLocked());
        table.eraseLocked(510, 514);
        assertEquals(0, table.entryCountLocked());
    }

    @Test
    void eraseDropsExactlyItsRange() {
        for (long page = 500; page < 1100; page++) {
            table.setEntryLocked(page, entry(page));
        }
        table.eraseLocked(511, 1024);
        assertEquals(entry(510), table.entryLocked(510));
        assertEquals(DevicePte.NONE, table.entryLocked(511));
        assertEquals(DevicePte.NONE, table.entryLocked(1023));
        assertEquals(entry(1024), table.entryLocked(1024));
        assertEquals(600 - 513, table.entryCountLocked());
    }

    @Test
    void anErasedLeafIsNotMetAgainThroughTheLookUpBeforeIt() {
        table.setEntryLocked(5, entry(5));
        table.eraseLocked(0, 512);
        assertEquals(DevicePte.NONE, table.entryLocked(5));
        table.setEntryLocked(6, entry(6));
        assertEquals(6, table.nextPresentLocked(0));
        assertEquals(DevicePte.NONE, table.entryLocked(5));
        assertEquals(1, table.entryCountLocked());
    }

    @Test
    void everythingIsErasedAtOnce() {
        table.setEntryLocked(3, entry(3));
        table.setEntryLocked(1L << 30, entry(4));
        table.eraseLocked(0, Long.MAX_VALUE);
        assertEquals(-1, table.nextPresentLocked(0));
        assertEquals(0, table.entryCountLocked());
    }

    @Test
    void methodsNeedTheLock() {
        table.unlock();
        assertThrows(AssertionError.class, () -> table.entryLocked(0));
        assertThrows(AssertionError.class, () -> table.eraseLocked(0, 1));
        table.lock();
    }

    @Test
    void tableBehavesLikeAMapUnderRandomOperations() {
        SplittableRandom random = new SplittableRandom(20261121);
        TreeMap<Long, Long> expected = new TreeMap<>();
        for (int step = 0; step < 20_000; step++) {
            long page = ((long) random.nextInt(3) << 25) + random.nextInt(2000);
            switch (random.nextInt(8)) {
                case 0 -> {
                    long end = page + random.nextInt(700);
                    table.eraseLocked(page, end);
                    expected.subMap(page, end).clear();
                }
                case 1 -> {
                    Long next = expected.ceilingKey(page);
                    assertEquals(next == null ? -1 : next, table.nextPresentLocked(page));
                }
                case 2, 3 ->
                        assertEquals(
                                expected.getOrDefault(page, DevicePte.NONE),
                                table.entryLocked(page));
                default -> {
                    long entry =
                            step % 3 == 0
                                    ? DevicePte.of(Page.ofDevicePfn(step), false)
                                    : entry(step);
                    table.setEntryLocked(page, entry);
                    expected.put(page, entry);
                }
            }
            assertEquals(expected.size(), table.entryCountLocked());
            if (step % 500 == 0) {
                assertEquals(
                        expected.values().stream()
                                .filter(each -> !Page.isDevice(DevicePte.page(each)))
                                .count(),
                        table.systemEntryCountLocked());
            }
        }
    }
}
