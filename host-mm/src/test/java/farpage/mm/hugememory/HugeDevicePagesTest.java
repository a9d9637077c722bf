package farpage.mm.hugememory;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.exclusive.DeviceExclusive;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.gup.GupResult;
import farpage.mm.hugememory.HugePageCounters.Event;
import farpage.mm.memory.FolioOrders;
import farpage.mm.memory.FolioTable;
import farpage.mm.mempolicy.MovePages;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import farpage.mm.userfaultfd.UffdModes;
import farpage.mm.userfaultfd.UffdResult;
import farpage.mm.userfaultfd.Userfaultfd;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What calls do with huge mappings of folios that lie on a device, private or coherent.
final class HugeDevicePagesTest {
    private static final long BASE = 0x40000000L;
    private static final int HUGE = PageSize.ENTRIES_PER_TABLE;

    @RegisterExtension final TestMachine machine = new TestMachine(8 * HUGE);
    private final FolioTable folios = machine.folios();
    private final TestDevice device = machine.newDevice(2 * HUGE);
    private final TestDevice coherent = machine.newCoherentDevice(2 * HUGE);
    private final TestProcess process = machine.newProcess();
    private final Mm mm = process.mm();
    private final long[] pages = new long[HUGE];

    /// 2 MiB on a device, mapped by one entry.
    private long mapHugeOn(TestDevice owner) {
        owner.useOrders(FolioOrders.PMD);
        process.mapHugeAt(BASE, 1);
        process.storeHuge(BASE);
        assertEquals(1, owner.pull(process, BASE, HUGE));
        assertTrue(process.isHuge(BASE));
        assertTrue(owner.holds(process, BASE));
        return process.pageAt(BASE);
    }

    private void advise(long address, int pageCount, Advice advice) {
        assertEquals(Errno.OK, mm.madvise(address, PageSize.pageAddress(pageCount), advice));
    }

    private GupResult pin(long address, int count, int flags) {
        return process.withVma(address, vma -> GetUserPages.pin(mm, address, count, flags, pages));
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

    @ParameterizedTest
    @EnumSource(names = {"FREE", "COLD", "PAGEOUT", "WILLNEED"})
    void adviceLeavesDeviceFoliosAlone(Advice advice) {
        mapHugeOn(device);
        long word = process.entry(BASE);
        advise(BASE, HUGE, advice);
        advise(page(BASE, 3), 2, advice);
        assertEquals(word, process.entry(BASE));
        assertTrue(process.isHuge(BASE));
        assertEquals(0, device.ramCalls());
    }

    @ParameterizedTest
    @EnumSource(names = {"FREE", "COLD", "PAGEOUT"})
    void adviceLeavesCoherentFoliosAlone(Advice advice) {
        mapHugeOn(coherent);
        long word = process.entry(BASE);
        advise(BASE, HUGE, advice);
        advise(page(BASE, 3), 2, advice);
        assertEquals(word, process.entry(BASE));
        assertTrue(process.isHuge(BASE));
        process.assertHuge(BASE);
    }

    @Test
    void softDirtyBitOfADeviceFolioStaysThroughAClear() {
        mapHugeOn(device);
        boolean before = PageTableEntry.isSoftDirty(process.entry(BASE));
        assertEquals(Errno.OK, mm.clearRefs(4));
        assertEquals(before, PageTableEntry.isSoftDirty(process.entry(BASE)));
        assertTrue(process.isHuge(BASE));
    }

    @Test
    void deviceFolioIsInCoreButOnNoNode() {
        mapHugeOn(device);
        byte[] here = new byte[2];
        assertEquals(Errno.OK, mm.mincore(page(BASE, 7), 2L * PageSize.PAGE_SIZE, here));
        assertEquals(2, here[0] + here[1]);
        int[] status = new int[1];
        assertEquals(Errno.OK, MovePages.query(mm, new long[] {page(BASE, 7)}, status));
        assertEquals(-Errno.ENOENT.number(), status[0]);
        assertTrue(process.isHuge(BASE));
    }

    @Test
    void pinBringsADeviceFolioBackWhole() {
        mapHugeOn(device);
        assertEquals(got(2), pin(page(BASE, 5), 2, GupFlags.WRITE));
        assertEquals(1, device.ramCalls());
        assertFalse(Page.isDevice(pages[0]));
        assertTrue(process.isHuge(BASE));
        unpin(2);
        process.assertHuge(BASE);
    }

    @Test
    void dumpTakesADeviceFolioForAHole() {
        mapHugeOn(device);
        assertEquals(new GupResult(Errno.EFAULT, 0), pin(BASE, 1, GupFlags.DUMP));
        assertEquals(0, device.ramCalls());
    }

    @Test
    void lockedMemoryComesBackWhole() {
        mapHugeOn(device);
        assertEquals(Errno.OK, mm.mlock(BASE, PageSize.PMD_SIZE));
        assertEquals(1, device.ramCalls());
        assertTrue(process.isHuge(BASE));
        process.assertHuge(BASE);
    }

    @Test
    @Tag("T-5.3")
    @Tag("T-5.8")
    void exclusiveAccessBringsADeviceFolioBackAndCutsTheMappingAlone() {
        mapHugeOn(device);
        mm.lockRead();
        if (DeviceExclusive.make(mm, page(BASE, 9), null)
                instanceof DeviceExclusive.Answer.Taken(long page)) {
            DeviceExclusive.release(machine.machine(), page);
        }
        mm.unlockRead();
        assertEquals(Shape.DEVICE_EXCLUSIVE, process.shape(page(BASE, 9)));
        assertEquals(1, device.ramCalls());
        assertTrue(folios.isLarge(process.pageAt(page(BASE, 9))));
        process.assertHuge(BASE);
    }

    @Test
    void deviceFolioIsNotMovedByUserfaultfd() {
        mapHugeOn(device);
        long target = process.mapHugeAt(BASE + 4 * PageSize.PMD_SIZE, 1);
        try (Userfaultfd uffd = Userfaultfd.open(mm)) {
            assertEquals(
                    Errno.OK, uffd.register(target, PageSize.PMD_SIZE, UffdModes.REGISTER_MISSING));
            assertEquals(
                    new UffdResult(Errno.ENOENT, 0), uffd.move(target, BASE, PageSize.PMD_SIZE, 0));
            assertTrue(process.isHuge(BASE));
            assertEquals(
                    new UffdResult(Errno.EFAULT, 0),
                    uffd.move(target, page(BASE, 3), PageSize.PAGE_SIZE, 0));
        }
        assertEquals(0, device.ramCalls());
        process.assertHuge(BASE);
    }

    @Test
    void mergerPassesDeviceFoliosOver() {
        mapHugeOn(coherent);
        advise(BASE, HUGE, Advice.MERGEABLE);
        machine.machine().ksm().scanFullPasses(3);
        assertTrue(process.isHuge(BASE));
        assertTrue(coherent.holds(process, BASE));
        assertEquals(0, machine.machine().ksm().statistics().pagesScanned());
    }

    @Test
    @Tag("T-3.11")
    void shortPinOfACoherentFolioIsOfTheDevicesPages() {
        long folio = mapHugeOn(coherent);
        assertEquals(got(3), pin(page(BASE, 5), 3, GupFlags.WRITE));
        assertEquals(folio + 7, pages[2]);
        assertTrue(folios.isMaybePinned(folio));
        unpin(3);
        assertTrue(process.isHuge(BASE));
    }

    @Test
    @Tag("T-3.11")
    void longPinOfACoherentFolioSplitsItAndMovesThePinnedPages() {
        long folio = mapHugeOn(coherent);
        assertEquals(got(3), pin(page(BASE, 5), 3, GupFlags.WRITE | GupFlags.LONGTERM));
        for (int i = 0; i < 3; i++) {
            assertFalse(Page.isDevice(pages[i]));
            assertEquals(pages[i], process.pageAt(page(BASE, 5 + i)));
        }
        assertEquals(1, count(Event.SPLIT_PAGE));
        assertEquals(folio + 8, process.pageAt(page(BASE, 8)));
        assertEquals(0, folios.order(folio));
        unpin(3);
        process.assertHuge(BASE);
    }

    @Test
    void longPinFailsWhileSomebodyElseHasPinnedTheCoherentFolio() {
        long folio = mapHugeOn(coherent);
        assertEquals(got(1), pin(page(BASE, 5), 1, GupFlags.WRITE));
        long[] more = new long[1];
        GupResult refused =
                process.withVma(
                        BASE,
                        vma ->
                                GetUserPages.pin(
                                        mm,
                                        page(BASE, 6),
                                        1,
                                        GupFlags.WRITE | GupFlags.LONGTERM,
                                        more));
        assertEquals(new GupResult(Errno.EBUSY, 0), refused);
        assertTrue(folios.isLarge(folio));
        unpin(1);
    }
}
