package farpage.mm.zonedevice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Check;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFault;
import farpage.mm.lock.HeldRanks;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Device pages as a machine registers, counts and frees them.
final class DevicePagemapTest {
    private final Machine machine = new Machine(1 << 20);
    private final List<Long> freed = new ArrayList<>();
    private final Object owner = new Object();
    private final DevicePrivateOps ops =
            new DevicePrivateOps() {
                @Override
                public void folioFree(long page, int order) {
                    freed.add(page);
                }

                @Override
                public FaultResult migrateToRam(PageFault fault) {
                    return FaultResult.SIGBUS;
                }
            };

    @AfterEach
    void close() {
        assertTrue(HeldRanks.holdsNothing(), HeldRanks::describe);
        machine.pagemaps().forEach(machine::memunmapPages);
        machine.close();
    }

    private DevicePagemap pagemap(int pageCount) {
        return machine.memremapPages(pageCount, ops, owner);
    }

    private void release(long page) {
        machine.folios().unlock(page);
        machine.put(page);
    }

    @Test
    void sizesThatCanNotBeAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> pagemap(0));
        assertThrows(IllegalArgumentException.class, () -> pagemap(-1));
        assertThrows(IllegalArgumentException.class, () -> pagemap(Integer.MAX_VALUE));
    }

    @Test
    void pagemapsDoNotOverlapAndGapsAreUsedAgain() {
        DevicePagemap first = pagemap(40_000);
        DevicePagemap second = pagemap(10);
        assertTrue(second.firstDevicePfn() >= first.firstDevicePfn() + 40_000);
        assertSame(first, machine.pagemap(first.page(39_999)));
        assertSame(second, machine.pagemap(second.page(9)));
        assertFalse(first.contains(second.page(0)));
        assertFalse(first.contains(Page.ofPfn(0)));
        long gap = first.firstDevicePfn();
        machine.memunmapPages(first);
        assertEquals(List.of(second), machine.pagemaps());
        assertEquals(gap, pagemap(1).firstDevicePfn());
    }

    @Test
    @Tag("T-1.8")
    void ownersAreKnownByIdentity() {
        List<Long> one = new ArrayList<>(List.of(1L));
        DevicePagemap pagemap = machine.memremapPages(1, ops, one);
        assertTrue(pagemap.isOwnedBy(one));
        assertFalse(pagemap.isOwnedBy(new ArrayList<>(one)), "equal, but another");
        assertFalse(pagemap.isOwnedBy(null));
    }

    @Test
    void indicesCountFromTheFirstPage() {
        pagemap(5);
        DevicePagemap pagemap = pagemap(5);
        for (int index = 0; index < 5; index++) {
            assertEquals(index, pagemap.index(pagemap.page(index)));
        }
        assertThrows(AssertionError.class, () -> pagemap.page(5));
        assertThrows(AssertionError.class, () -> pagemap.page(-1));
        assertThrows(AssertionError.class, () -> pagemap.index(pagemap.page(4) + 1));
    }

    @Test
    void freshFolioIsLockedAndLiveUntilItsLastReferenceGoes() {
        DevicePagemap pagemap = pagemap(4);
        long page = pagemap.page(2);
        pagemap.initFolio(page, 0);
        assertTrue(machine.folios().isLocked(page));
        assertEquals(1, machine.folios().refCount(page));
        assertEquals(1, pagemap.livePageCount());
        machine.folios().get(page);
        machine.folios().unlock(page);
        machine.put(page);
        assertEquals(List.of(), freed);
        machine.put(page);
        assertEquals(List.of(page), freed);
        assertEquals(0, pagemap.livePageCount());
    }

    @Test
    void folioOfAnOrderCountsAllItsPages() {
        DevicePagemap pagemap = pagemap(16);
        long page = pagemap.page(8);
        pagemap.initFolio(page, 3);
        assertEquals(8, pagemap.livePageCount());
        release(page);
        assertEquals(0, pagemap.livePageCount());
        assertEquals(List.of(page), freed);
    }

    @Test
    @Tag("T-1.4")
    void pageInUseCanNotBeMadeAgain() {
        DevicePagemap pagemap = pagemap(1);
        long page = pagemap.page(0);
        pagemap.initFolio(page, 0);
        assertThrows(AssertionError.class, () -> pagemap.initFolio(page, 0));
        release(page);
    }

    @Test
    void lockedPageMayNotBeFreed() {
        DevicePagemap pagemap = pagemap(1);
        long page = pagemap.page(0);
        pagemap.initFolio(page, 0);
        machine.folios().get(page);
        machine.put(page);
        assertThrows(AssertionError.class, () -> machine.put(page));
        // What was forbidden is undone: the page gets back what it lost.
        machine.folios().unlock(page);
        pagemap.freeFolio(page);
    }

    @Test
    void runsOfPagesAreMadeAndFreedTogether() {
        DevicePagemap first = pagemap(3);
        DevicePagemap second = pagemap(40_000);
        first.initPages(first.page(0), 3, null);
        second.initPages(second.page(32_766), 4, null);
        assertEquals(3, first.livePageCount());
        assertEquals(4, second.livePageCount());
        long[] pages = new long[8];
        for (int i = 0; i < 3; i++) {
            pages[i] = first.page(i);
        }
        for (int i = 0; i < 4; i++) {
            pages[3 + i] = second.page(32_766 + i);
        }
        long system = machine.allocateFolio(0);
        pages[7] = system;
        machine.folios().get(pages[1]);
        for (int i = 0; i < 7; i++) {
            machine.folios().unlock(pages[i]);
        }
        int free = machine.ram().freePageCount();
        machine.putAll(pages.clone(), 8);
        assertEquals(1, first.livePageCount(), "one has another reference");
        assertEquals(0, second.livePageCount());
        assertEquals(free + 1, machine.ram().freePageCount());
        assertEquals(6, freed.size());
        machine.put(first.page(1));
        assertEquals(0, first.livePageCount());
    }

    @Test
    void killedPagemapGivesNoPages() {
        DevicePagemap pagemap = pagemap(1);
        pagemap.killAndAwaitDrained();
        assertThrows(Check.Broken.class, () -> pagemap.initFolio(pagemap.page(0), 0));
        machine.folios().unlock(pagemap.page(0));
    }

    @Test
    void typesHaveTheKernelsCodes() {
        assertEquals(1, MemoryType.PRIVATE.code());
        assertEquals(5, MemoryType.PCI_P2PDMA.code());
        assertSame(MemoryType.PRIVATE, pagemap(1).type());
    }

    @Test
    void machineIsNotClosedWithDevicePagesOrProcessesOnIt() {
        DevicePagemap pagemap = pagemap(1);
        assertThrows(Check.Broken.class, machine::close);
        machine.memunmapPages(pagemap);
        var mm = machine.newProcess();
        assertThrows(Check.Broken.class, machine::close);
        assertNotEquals(0, mm.id());
        mm.exit();
    }
}
