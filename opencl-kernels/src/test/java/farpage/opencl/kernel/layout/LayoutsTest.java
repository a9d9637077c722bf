package farpage.opencl.kernel.layout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What is written is what is read, and neighbours stay untouched.
class LayoutsTest {
    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void closeArena() {
        arena.close();
    }

    @Test
    void accessRecordKeepsItsFields() {
        MemorySegment records = arena.allocate(AccessRecordLayout.size(3), 8);
        AccessRecordLayout.set(records, 1, AccessRecordLayout.MODIFY, 0, 4096, Long.MIN_VALUE, 7);
        AccessRecordLayout.set(records, 2, AccessRecordLayout.STORE, 4095, 1, -2, -1);
        assertEquals(AccessRecordLayout.MODIFY, AccessRecordLayout.kind(records, 1));
        assertEquals(0, AccessRecordLayout.offset(records, 1));
        assertEquals(4096, AccessRecordLayout.accessSize(records, 1));
        assertEquals(Long.MIN_VALUE, AccessRecordLayout.sequence(records, 1));
        assertEquals(7, AccessRecordLayout.result(records, 1));
        assertEquals(AccessRecordLayout.STORE, AccessRecordLayout.kind(records, 2));
        assertEquals(4095, AccessRecordLayout.offset(records, 2));
        assertEquals(1, AccessRecordLayout.accessSize(records, 2));
        assertEquals(-2, AccessRecordLayout.sequence(records, 2));
        assertEquals(-1, AccessRecordLayout.result(records, 2));
        assertEquals(0, records.get(ValueLayout.JAVA_LONG, 0));
        assertEquals(0, records.get(ValueLayout.JAVA_LONG, 8));
    }

    @Test
    void accessThatCrossesItsPageIsOurMistake() {
        MemorySegment records = arena.allocate(AccessRecordLayout.size(1), 8);
        assertThrows(
                AssertionError.class,
                () -> AccessRecordLayout.set(records, 0, AccessRecordLayout.LOAD, 4090, 8, 0, 0));
    }

    @Test
    void pagePairKeepsItsFields() {
        MemorySegment pairs = arena.allocate(PagePairLayout.size(3), 8);
        PagePairLayout.set(pairs, 1, 0xFFFF_FFFEL, 0x8000_0001L);
        PagePairLayout.setZero(pairs, 2, 7);
        assertEquals(0xFFFF_FFFEL, PagePairLayout.source(pairs, 1));
        assertEquals(0x8000_0001L, PagePairLayout.destination(pairs, 1));
        assertFalse(PagePairLayout.isZero(pairs, 1));
        assertTrue(PagePairLayout.isZero(pairs, 2));
        assertEquals(7, PagePairLayout.destination(pairs, 2));
        assertEquals(0, pairs.get(ValueLayout.JAVA_LONG, 0));
    }

    @Test
    void accessTaskKeepsItsFields() {
        MemorySegment tasks = arena.allocate(AccessTaskLayout.size(2), 8);
        AccessTaskLayout.set(tasks, 0, 0x7FFF_FFFF_FFFFL, 12, Integer.MAX_VALUE, true);
        AccessTaskLayout.set(tasks, 1, 5, 0, 1, false);
        assertEquals(0x7FFF_FFFF_FFFFL, AccessTaskLayout.virtualPage(tasks, 0));
        assertEquals(12, AccessTaskLayout.firstRecord(tasks, 0));
        assertEquals(Integer.MAX_VALUE, AccessTaskLayout.recordCount(tasks, 0));
        assertTrue(AccessTaskLayout.writes(tasks, 0));
        assertEquals(1, AccessTaskLayout.recordCount(tasks, 1));
        assertFalse(AccessTaskLayout.writes(tasks, 1));
    }

    @Test
    void pteKeepsPageAndPermission() {
        int highest = (int) DevicePteLayout.PAGE_LIMIT - 1;
        for (int page : new int[] {0, 1, highest}) {
            int writable = DevicePteLayout.of(page, true);
            int readable = DevicePteLayout.of(page, false);
            assertTrue(DevicePteLayout.isValid(writable));
            assertTrue(DevicePteLayout.isValid(readable));
            assertTrue(DevicePteLayout.isWritable(writable));
            assertFalse(DevicePteLayout.isWritable(readable));
            assertEquals(page, DevicePteLayout.page(writable));
            assertEquals(page, DevicePteLayout.page(readable));
        }
        assertFalse(DevicePteLayout.isValid(DevicePteLayout.NONE));
        assertFalse(DevicePteLayout.isWritable(DevicePteLayout.NONE));
        assertEquals("none", DevicePteLayout.describe(DevicePteLayout.NONE));
        assertEquals("page 3 rw", DevicePteLayout.describe(DevicePteLayout.of(3, true)));
        assertEquals("page 3 r", DevicePteLayout.describe(DevicePteLayout.of(3, false)));
        assertThrows(
                AssertionError.class, () -> DevicePteLayout.of(DevicePteLayout.PAGE_LIMIT, true));
    }

    @Test
    void pageListHoldsUnsignedNumbers() {
        MemorySegment list = arena.allocate(PageListLayout.size(2), 4);
        PageListLayout.set(list, 0, 0xFFFF_FFFFL);
        PageListLayout.set(list, 1, 17);
        assertEquals(0xFFFF_FFFFL, PageListLayout.get(list, 0));
        assertEquals(17, PageListLayout.get(list, 1));
    }

    @Test
    void faultRecordsFollowTheirHeader() {
        MemorySegment faults = arena.allocate(FaultRecordLayout.size(2), 4);
        assertEquals(24, faults.byteSize());
        int[] words = {2, 0, 5, FaultRecordLayout.WRITE, 6, FaultRecordLayout.READ};
        MemorySegment.copy(words, 0, faults, ValueLayout.JAVA_INT, 0, words.length);
        assertEquals(2, FaultRecordLayout.count(faults));
        assertEquals(5, FaultRecordLayout.task(faults, 0));
        assertEquals(FaultRecordLayout.WRITE, FaultRecordLayout.kind(faults, 0));
        assertEquals(6, FaultRecordLayout.task(faults, 1));
        assertEquals(FaultRecordLayout.READ, FaultRecordLayout.kind(faults, 1));
        FaultRecordLayout.clear(faults);
        assertEquals(0, FaultRecordLayout.count(faults));
    }
}
