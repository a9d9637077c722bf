package farpage.mm.hugememory;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.VmFlags;
import farpage.mm.exclusive.DeviceExclusive;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.gup.GupResult;
import farpage.mm.gup.ProcessVmAccess;
import farpage.mm.hugememory.HugePageCounters.Event;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// References and pins on pages of huge mappings, and exclusive access to them.
final class HugePinsTest {
    private static final long BASE = 0x40000000L;
    private static final int HUGE = PageSize.ENTRIES_PER_TABLE;

    @RegisterExtension final TestMachine machine = new TestMachine(8 * HUGE);
    private final FolioTable folios = machine.folios();
    private final TestProcess process = machine.newProcess();
    private final Mm mm = process.mm();
    private final long[] pages = new long[HUGE];

    private long mapHuge() {
        process.mapHugeAt(BASE, 1);
        process.storeHuge(BASE);
        assertTrue(process.isHuge(BASE));
        return process.pageAt(BASE);
    }

    private GupResult pin(TestProcess of, long address, int count, int flags) {
        return of.withVma(address, vma -> GetUserPages.pin(of.mm(), address, count, flags, pages));
    }

    private void unpin(int count) {
        GetUserPages.unpin(machine.machine(), pages, count, true);
    }

    private static GupResult got(int count) {
        return new GupResult(Errno.OK, count);
    }

    private long count(Event event) {
        return machine.machine().hugePages().counters().get(event);
    }

    @Test
    void pinsOfAHugeMappingCountAtItsFolio() {
        long folio = mapHuge();
        assertEquals(got(HUGE), pin(process, BASE, HUGE, GupFlags.WRITE));
        for (int i = 0; i < HUGE; i++) {
            assertEquals(folio + i, pages[i]);
        }
        assertTrue(process.isHuge(BASE));
        assertTrue(folios.isMaybePinned(folio + 9));
        assertEquals(1 + HUGE, folios.refCount(folio));
        unpin(HUGE);
        assertFalse(folios.isMaybePinned(folio));
    }

    @Test
    void pinsWithoutTheMmapLockAreTheSame() {
        long folio = mapHuge();
        assertEquals(got(3), GetUserPages.pinFast(mm, page(BASE, 7), 3, 0, pages));
        assertEquals(folio + 9, pages[2]);
        assertTrue(folios.hasFlag(folio, FolioFlags.REFERENCED));
        unpin(3);
    }

    @Test
    void writerOfUntouchedMemoryGetsAHugePageAndReaderTheHugeZeroPage() {
        process.mapHugeAt(BASE, 2);
        assertEquals(got(2), pin(process, page(BASE, 3), 2, GupFlags.WRITE));
        assertTrue(process.isHuge(BASE));
        assertEquals(HUGE, mm.rss(RssCounter.ANON));
        unpin(2);
        assertEquals(got(2), pin(process, page(BASE, HUGE + 3), 2, 0));
        assertTrue(PageTableEntry.isSpecial(process.entry(page(BASE, HUGE))));
        assertEquals(HUGE, mm.rss(RssCounter.ANON));
        unpin(2);
    }

    @Test
    void readerForLongGetsAFolioInsteadOfTheHugeZeroPage() {
        process.mapHugeAt(BASE, 1);
        assertEquals(0, process.load(BASE));
        assertEquals(got(1), pin(process, page(BASE, 3), 1, GupFlags.LONGTERM));
        assertTrue(process.isHuge(BASE));
        assertFalse(PageTableEntry.isSpecial(process.entry(BASE)));
        assertEquals(process.pageAt(page(BASE, 3)), pages[0]);
        unpin(1);
    }

    @Test
    void writerOfASharedFolioGetsACopyOfOnePage() {
        long folio = mapHuge();
        TestProcess child = process.fork();
        assertEquals(got(1), pin(process, page(BASE, 3), 1, GupFlags.WRITE));
        assertNotEquals(folio + 3, pages[0]);
        assertFalse(process.isHuge(BASE));
        assertTrue(child.isHuge(BASE));
        unpin(1);
        process.assertHuge(BASE);
        child.assertHuge(BASE);
    }

    @Test
    void readersPinOfASharedFolioUnsharesThePageFirst() {
        long folio = mapHuge();
        TestProcess child = process.fork();
        assertEquals(got(1), pin(child, page(BASE, 3), 1, 0));
        assertNotEquals(folio + 3, pages[0]);
        assertFalse(PageTableEntry.isWritable(child.entry(page(BASE, 3))));
        assertTrue(folios.hasFlag(pages[0], FolioFlags.ANON_EXCLUSIVE));
        unpin(1);
        child.assertHuge(BASE);
    }

    @Test
    void readersPinOfAFolioThatTheChildLeftMakesItExclusive() {
        long folio = mapHuge();
        process.fork().mm().exit();
        assertEquals(got(1), pin(process, page(BASE, 3), 1, 0));
        assertEquals(folio + 3, pages[0]);
        assertTrue(process.isHuge(BASE));
        assertTrue(folios.hasFlag(folio, FolioFlags.ANON_EXCLUSIVE));
        unpin(1);
    }

    @Test
    void forkCopiesAPinnedFolioPageByPageAndTheParentKeepsIt() {
        long folio = mapHuge();
        assertEquals(got(1), pin(process, page(BASE, 3), 1, GupFlags.WRITE));
        TestProcess child = process.fork();
        assertFalse(process.isHuge(BASE));
        assertFalse(child.isHuge(BASE));
        for (int i = 0; i < HUGE; i++) {
            assertEquals(folio + i, process.pageAt(page(BASE, i)));
            assertFalse(folios.isLarge(child.pageAt(page(BASE, i))));
        }
        assertTrue(PageTableEntry.isWritable(process.entry(page(BASE, 400))));
        assertEquals(HUGE, child.mm().rss(RssCounter.ANON));
        unpin(1);
        child.assertHuge(BASE);
        process.assertHuge(BASE);
    }

    @Test
    void forkCopiesAllPagesOfAPinnedFolioThatEntriesMap() {
        long folio = mapHuge();
        process.protect(BASE, 1, VmFlags.READ);
        process.protect(BASE, 1, READ_WRITE);
        assertEquals(got(1), pin(process, page(BASE, 3), 1, GupFlags.WRITE));
        TestProcess child = process.fork();
        assertEquals(folio + 400, process.pageAt(page(BASE, 400)));
        assertNotEquals(folio + 400, child.pageAt(page(BASE, 400)));
        unpin(1);
        child.assertHuge(BASE);
    }

    @Test
    void forcedStoreGoesThroughAProtectedHugeMapping() {
        long folio = mapHuge();
        process.protect(BASE, HUGE, VmFlags.READ);
        assertTrue(process.isHuge(BASE));
        assertEquals(got(1), pin(process, page(BASE, 3), 1, GupFlags.WRITE | GupFlags.FORCE));
        assertEquals(folio + 3, pages[0]);
        assertFalse(PageTableEntry.isWritable(process.entry(BASE)));
        unpin(1);
    }

    @Test
    void dumpLeavesOutTheHugeZeroPageAndUntouchedMemory() {
        process.mapHugeAt(BASE, 1);
        GupResult refused = new GupResult(Errno.EFAULT, 0);
        assertEquals(refused, pin(process, BASE, 1, GupFlags.DUMP));
        assertEquals(0, process.load(BASE));
        assertEquals(refused, pin(process, BASE, 1, GupFlags.DUMP));
    }

    @Test
    void whatAWriterGotIsDirtyAndSoftDirty() {
        mapHuge();
        assertEquals(Errno.OK, mm.clearRefs(4));
        process.mm().lockRead();
        assertEquals(got(1), GetUserPages.get(mm, page(BASE, 3), 1, GupFlags.WRITE, pages));
        process.mm().unlockRead();
        machine.machine().put(pages[0]);
        assertTrue(PageTableEntry.isSoftDirty(process.entry(BASE)));
    }

    @Test
    void oneProcessReadsAndWritesAHugeMappingOfAnother() {
        mapHuge();
        byte[] bytes = new byte[3 * PageSize.PAGE_SIZE];
        MemorySegment buffer = MemorySegment.ofArray(bytes);
        assertEquals(bytes.length, ProcessVmAccess.read(mm, page(BASE, 4), buffer));
        assertEquals(5, bytes[0]);
        assertEquals(7, bytes[2 * PageSize.PAGE_SIZE]);
        buffer.fill((byte) 33);
        assertEquals(bytes.length, ProcessVmAccess.write(mm, page(BASE, 10), buffer));
        assertTrue(process.isHuge(BASE));
        assertEquals(33, process.load(page(BASE, 12)));
        assertEquals(1 + 13, process.load(page(BASE, 13)));
    }

    private long take(long address) {
        mm.lockRead();
        try {
            if (DeviceExclusive.make(mm, address, null)
                    instanceof DeviceExclusive.Answer.Taken(long page)) {
                DeviceExclusive.release(machine.machine(), page);
                return page;
            }
            return Page.NONE;
        } finally {
            mm.unlockRead();
        }
    }

    @Test
    @Tag("T-5.8")
    void exclusiveAccessToOnePageCutsTheMappingAndNotTheFolio() {
        long folio = mapHuge();
        try (EventLog mirror = new EventLog(mm)) {
            assertEquals(folio + 3, take(page(BASE, 3)));
            assertEquals(
                    List.of(MmuNotifierRange.Event.CLEAR, MmuNotifierRange.Event.EXCLUSIVE),
                    mirror.takeEvents());
        }
        assertEquals(1, count(Event.SPLIT_PMD));
        assertEquals(0, count(Event.SPLIT_PAGE));
        assertTrue(folios.isLarge(folio));
        assertEquals(HUGE, folios.mapCount(folio));
        assertEquals(HUGE, folios.refCount(folio));
        assertEquals(HUGE, mm.rss(RssCounter.ANON));
        assertEquals(Shape.PRESENT, process.shape(page(BASE, 2)));
        assertEquals(Shape.DEVICE_EXCLUSIVE, process.shape(page(BASE, 3)));
        machine.check();
        assertEquals(folio + 4, take(page(BASE, 4)));
        process.assertHuge(BASE);
        assertTrue(folios.isLarge(folio));
    }

    @Test
    @Tag("T-5.8")
    void exclusivePageOfASharedFolioIsACopy() {
        long folio = mapHuge();
        TestProcess child = process.fork();
        long taken = take(page(BASE, 3));
        assertNotEquals(folio + 3, taken);
        assertTrue(child.isHuge(BASE));
        process.assertHuge(BASE);
        child.assertHuge(BASE);
    }
}
