package farpage.mm.migrate;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.MremapFlags;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioOrders;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Migrations of folios of 2 MiB: whole, cut before, in the middle and after.
final class MigrateLargeTest {
    private static final long ADDRESS = 1L << 30;
    private static final int PAGES = PageSize.ENTRIES_PER_TABLE;
    private static final int ORDER = PageSize.HPAGE_PMD_ORDER;

    @RegisterExtension final TestMachine machine = new TestMachine(4096);
    private final TestDevice device = machine.newDevice(4 * PAGES);
    private final TestProcess process = machine.newProcess();
    private final FolioTable folios = machine.folios();

    @BeforeEach
    void mapHuge() {
        device.useOrders(FolioOrders.PMD);
        process.mapHugeAt(ADDRESS, 2);
    }

    private void pullHuge() {
        process.storeHuge(ADDRESS);
        assertEquals(1, device.pull(process, ADDRESS, PAGES));
        assertTrue(process.isHuge(ADDRESS));
        assertTrue(device.holds(process, ADDRESS));
    }

    @Test
    @Tag("T-10.1")
    @Tag("T-10.9")
    void largeFolioMovesWholeAndBack() {
        pullHuge();
        long there = process.pageAt(ADDRESS);
        assertEquals(ORDER, folios.order(there));
        assertEquals(PAGES, device.pagemap().livePageCount());
        assertEquals(1, folios.refCount(there));
        assertEquals(PAGES, process.mm().anonymousPageCount());
        machine.check();
        assertEquals(1, device.push(process, ADDRESS, PAGES));
        assertTrue(process.isHuge(ADDRESS));
        assertEquals(0, device.pagemap().livePageCount());
        process.assertHuge(ADDRESS);
        assertEquals(0, device.ramCalls());
    }

    @Test
    @Tag("T-2.17")
    @Tag("T-10.1")
    void largeSourceIsCutForSmallDestinations() {
        process.storeHuge(ADDRESS);
        process.withVma(
                ADDRESS,
                vma -> {
                    MigrateVma migrate =
                            TestDevice.setup(device.toDevice(PAGES), vma, ADDRESS, PAGES);
                    assertTrue(MigratePfn.isCompound(migrate.src(0)));
                    assertEquals(MigratePfn.SKIP, migrate.src(1));
                    assertTrue(device.fillDevice(migrate, 0, 0));
                    assertEquals(PAGES, TestDevice.complete(migrate));
                    return Errno.OK;
                });
        assertFalse(process.isHuge(ADDRESS));
        for (int i = 0; i < PAGES; i++) {
            assertTrue(device.holds(process, page(ADDRESS, i)));
            assertEquals(0, folios.order(process.pageAt(page(ADDRESS, i))));
        }
        process.assertHuge(ADDRESS);
    }

    @Test
    @Tag("T-10.1")
    void piecesWithoutADestinationStayAsBasePages() {
        process.storeHuge(ADDRESS);
        process.withVma(
                ADDRESS,
                vma -> {
                    MigrateVma migrate =
                            TestDevice.setup(device.toDevice(PAGES), vma, ADDRESS, PAGES);
                    for (int i : new int[] {1, 7, 511}) {
                        long to = device.allocate();
                        long from = MigratePfn.page(migrate.src(0)) + i;
                        device.bytes(to).copyFrom(machine.machine().ram().bytes(from));
                        migrate.setDst(i, MigratePfn.ofPage(to));
                    }
                    assertEquals(3, TestDevice.complete(migrate));
                    return Errno.OK;
                });
        assertTrue(device.holds(process, page(ADDRESS, 7)));
        assertEquals(Shape.PRESENT, process.shape(ADDRESS));
        assertEquals(0, folios.order(process.pageAt(ADDRESS)));
        process.assertHuge(ADDRESS);
    }

    @Test
    @Tag("T-10.1")
    void largeSourceWithoutADestinationStaysWhole() {
        process.storeHuge(ADDRESS);
        long before = process.pageAt(ADDRESS);
        process.withVma(
                ADDRESS,
                vma -> {
                    MigrateVma migrate =
                            TestDevice.setup(device.toDevice(PAGES), vma, ADDRESS, PAGES);
                    assertEquals(0, TestDevice.complete(migrate));
                    return Errno.OK;
                });
        assertTrue(process.isHuge(ADDRESS));
        assertEquals(before, process.pageAt(ADDRESS));
        assertTrue(PageTableEntry.isWritable(process.entry(ADDRESS)));
        process.assertHuge(ADDRESS);
    }

    @Test
    @Tag("T-2.18")
    @Tag("T-10.1")
    void smallSourceDoesNotGoIntoALargeDestination() {
        long small = process.mapAt(ADDRESS + (8 << 20), PAGES);
        process.storeHuge(small);
        long before = process.pageAt(small);
        int free = device.freePageCount();
        process.withVma(
                small,
                vma -> {
                    MigrateVma migrate =
                            TestDevice.setup(device.toDevice(PAGES), vma, small, PAGES);
                    migrate.setDst(0, MigratePfn.ofFolio(device.allocate(ORDER), ORDER));
                    assertEquals(0, TestDevice.complete(migrate));
                    return Errno.OK;
                });
        assertEquals(before, process.pageAt(small));
        assertEquals(free, device.freePageCount());
        process.assertHuge(small);
    }

    @Test
    @Tag("T-2.19")
    @Tag("T-10.7")
    void folioThatTheRangeDoesNotCoverIsCutFirst() {
        process.storeHuge(ADDRESS);
        process.storeHuge(page(ADDRESS, PAGES));
        assertEquals(PAGES, device.pull(process, page(ADDRESS, 1), PAGES));
        assertFalse(process.isHuge(ADDRESS));
        assertFalse(process.isHuge(page(ADDRESS, PAGES)));
        assertEquals(Shape.PRESENT, process.shape(ADDRESS));
        assertTrue(device.holds(process, page(ADDRESS, PAGES)));
        assertFalse(device.holds(process, page(ADDRESS, PAGES + 1)));
        assertEquals(0, folios.order(process.pageAt(page(ADDRESS, PAGES + 1))));
        process.assertHuge(ADDRESS);
        process.assertHuge(page(ADDRESS, PAGES));
    }

    @Test
    @Tag("T-2.20")
    void folioThatWasMovedIntoTheMiddleOfATableIsCut() {
        process.storeHuge(ADDRESS);
        long target = page(ADDRESS, 8 * PAGES + 3);
        assertTrue(
                process.mm()
                        .mremap(
                                ADDRESS,
                                PageSize.PMD_SIZE,
                                PageSize.PMD_SIZE,
                                MremapFlags.MAYMOVE | MremapFlags.FIXED,
                                target)
                        .isOk());
        assertEquals(ORDER, folios.order(process.pageAt(target)));
        assertEquals(PAGES, device.pull(process, target, PAGES));
        assertEquals(0, folios.order(process.pageAt(target)));
        process.assertHuge(target);
    }

    @Test
    @Tag("T-10.2")
    void driverHearsOfEveryPieceAndOfTheHeadLast() {
        pullHuge();
        assertEquals(PAGES - 1, device.push(process, page(ADDRESS, 1), PAGES - 1));
        List<String> expected = new ArrayList<>();
        for (int i = 1; i < PAGES; i++) {
            expected.add(String.valueOf(i));
        }
        expected.add("head");
        assertEquals(expected, device.splits());
        process.assertHuge(ADDRESS);
    }

    @Test
    @Tag("T-10.3")
    void noLargeFolioOfTheDeviceMeansBasePages() {
        process.storeHuge(ADDRESS);
        List<Long> held = new ArrayList<>();
        for (int i = 0; i < 4; i++) { // one page of each 2 MiB
            held.add(hold());
            held.add(hold());
        }
        assertEquals(0, device.freePageCount());
        for (int i = 0; i < held.size(); i += 2) {
            release(held.get(i));
        }
        process.withVma(
                ADDRESS,
                vma -> {
                    MigrateVma migrate =
                            TestDevice.setup(device.toDevice(PAGES), vma, ADDRESS, PAGES);
                    assertFalse(device.fillDevice(migrate, 0), "none of 2 MiB");
                    assertTrue(device.fillDevice(migrate, 0, 0));
                    assertEquals(PAGES, TestDevice.complete(migrate));
                    return Errno.OK;
                });
        for (int i = 1; i < held.size(); i += 2) {
            release(held.get(i));
        }
        process.assertHuge(ADDRESS);
    }

    /// A folio of 1 MiB that somebody uses.
    private long hold() {
        long folio = device.allocate(ORDER - 1);
        folios.unlock(folio);
        return folio;
    }

    private void release(long folio) {
        machine.machine().put(folio);
    }

    @Test
    @Tag("T-10.3")
    void faultWithoutALargeFolioOfTheSystemComesBackPageByPage() {
        pullHuge();
        device.refuseLargeSystemFolios();
        assertEquals(1 + 5, process.load(page(ADDRESS, 5)));
        assertFalse(process.isHuge(ADDRESS));
        assertEquals(Shape.PRESENT, process.shape(page(ADDRESS, 5)));
        assertTrue(device.holds(process, page(ADDRESS, 6)));
        machine.check();
        process.assertHuge(ADDRESS);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 200, 511})
    @Tag("T-10.4")
    void faultOnAPageOfALargeFolioMovesThatPage(int index) {
        pullHuge();
        process.protect(page(ADDRESS, 100), 1, VmFlags.READ); // cuts the mapping alone
        assertFalse(process.isHuge(ADDRESS));
        long before = process.pageAt(page(ADDRESS, index));
        assertEquals(ORDER, folios.order(before));
        assertEquals(1 + index % 100, process.load(page(ADDRESS, index)));
        assertEquals(Shape.PRESENT, process.shape(page(ADDRESS, index)));
        int other = index == 511 ? 0 : index + 1;
        assertTrue(device.holds(process, page(ADDRESS, other)));
        assertEquals(0, folios.order(process.pageAt(page(ADDRESS, other))));
        machine.check();
        process.assertHuge(ADDRESS);
    }

    @Test
    @Tag("T-3.4")
    void forkedFolioIsReadableAfterTheChildIsGone() {
        pullHuge();
        TestProcess child = process.fork();
        assertTrue(child.isHuge(ADDRESS));
        assertFalse(PageTableEntry.isWritableDevicePrivate(process.entry(ADDRESS)));
        assertEquals(2, folios.refCount(process.pageAt(ADDRESS)));
        machine.check();
        child.mm().exit();
        assertEquals(1, folios.refCount(process.pageAt(ADDRESS)));
        assertFalse(PageTableEntry.isWritableDevicePrivate(process.entry(ADDRESS)));
        process.assertHuge(ADDRESS);
        process.store(ADDRESS, 77);
        assertEquals(77, process.load(ADDRESS));
    }

    @Test
    @Tag("T-10.5")
    void folioThatAForkSharesIsCutForBoth() {
        pullHuge();
        TestProcess child = process.fork();
        assertEquals(1, device.push(child, page(ADDRESS, 9), 1));
        for (TestProcess one : List.of(process, child)) {
            assertFalse(one.isHuge(ADDRESS));
            assertEquals(Shape.PRESENT, one.shape(page(ADDRESS, 9)));
            assertTrue(device.holds(one, page(ADDRESS, 10)));
            assertEquals(0, folios.order(one.pageAt(page(ADDRESS, 10))));
        }
        machine.check();
        child.store(page(ADDRESS, 10), 99);
        process.assertHuge(ADDRESS);
        assertEquals(99, child.load(page(ADDRESS, 10)));
    }

    @Test
    @Tag("T-10.5")
    void folioThatAForkSharesIsCutInTheMiddleOfItsMigration() {
        process.storeHuge(ADDRESS);
        TestProcess child = process.fork();
        process.withVma(
                ADDRESS,
                vma -> {
                    MigrateVma migrate =
                            TestDevice.setup(device.toDevice(PAGES), vma, ADDRESS, PAGES);
                    assertTrue(device.fillDevice(migrate, 0, 0));
                    assertEquals(PAGES, TestDevice.complete(migrate));
                    return Errno.OK;
                });
        assertEquals(process.pageAt(page(ADDRESS, 3)), child.pageAt(page(ADDRESS, 3)));
        machine.check();
        child.store(page(ADDRESS, 3), 99);
        process.assertHuge(ADDRESS);
    }

    @Test
    @Tag("T-3.7")
    void unmappingPartsLeavesTheRestReadable() {
        for (int index : new int[] {0, 256, 511}) {
            pullHuge();
            int used = device.pagemap().livePageCount();
            process.unmap(page(ADDRESS, index), 1);
            assertEquals(used, device.pagemap().livePageCount(), "the folio is one");
            for (int i = 0; i < PAGES; i++) {
                if (i != index) {
                    assertEquals(1 + i % 100, process.load(page(ADDRESS, i)));
                }
            }
            assertEquals(0, device.pagemap().livePageCount());
            machine.check();
            process.mapHugeAt(ADDRESS, 2);
        }
    }

    @Test
    void folioIsFreedWithItsLastPiece() {
        pullHuge();
        process.unmap(ADDRESS, PAGES - 1);
        assertEquals(PAGES, device.pagemap().livePageCount());
        process.unmap(page(ADDRESS, PAGES - 1), 1);
        assertEquals(0, device.pagemap().livePageCount());
    }

    @Test
    @Tag("T-10.6")
    void emptyTableIsFilledByOneFolioAndAHoleBesideDataPageByPage() {
        assertEquals(1, device.pull(process, ADDRESS, PAGES));
        assertTrue(process.isHuge(ADDRESS));
        long other = process.mapAt(ADDRESS + (16 << 20), PAGES);
        process.store(page(other, 4), 5);
        assertEquals(PAGES, device.pull(process, other, PAGES));
        assertFalse(process.isHuge(other));
        assertEquals(0, process.load(page(ADDRESS, 9)));
        assertEquals(0, process.load(other));
        assertEquals(5, process.load(page(other, 4)));
    }

    @Test
    @Tag("T-10.6")
    void hugeZeroPageCountsAsAHole() {
        assertEquals(0, process.load(page(ADDRESS, 3)));
        assertTrue(process.isHuge(ADDRESS));
        assertEquals(1, device.pull(process, ADDRESS, PAGES));
        assertTrue(device.holds(process, ADDRESS));
        assertEquals(PAGES, process.mm().anonymousPageCount());
        assertEquals(0, process.load(page(ADDRESS, 3)));
    }

    @Test
    void folioOfAnotherOwnerIsLeftAlone() {
        TestDevice other = machine.newDevice(PAGES);
        pullHuge();
        assertEquals(0, other.push(process, ADDRESS, PAGES));
        assertTrue(process.isHuge(ADDRESS));
        assertTrue(device.holds(process, ADDRESS));
    }

    @Test
    void lockedFolioIsLeftAloneAndNotCut() {
        process.storeHuge(ADDRESS);
        long head = process.pageAt(ADDRESS);
        folios.setFlag(head, FolioFlags.LOCKED);
        assertEquals(0, device.pull(process, ADDRESS, PAGES));
        folios.clearFlag(head, FolioFlags.LOCKED);
        assertTrue(process.isHuge(ADDRESS));
    }

    @Test
    void evictionMovesALargeFolioWhole() {
        pullHuge();
        assertEquals(1, device.evict());
        assertTrue(process.isHuge(ADDRESS));
        assertNotEquals(Shape.DEVICE_PRIVATE, process.shape(ADDRESS));
        process.assertHuge(ADDRESS);
    }

    @Test
    void evictionWithoutALargeFolioOfTheSystemMovesNothing() {
        pullHuge();
        device.refuseLargeSystemFolios();
        assertEquals(0, device.evict());
        assertTrue(device.holds(process, ADDRESS));
        assertTrue(process.isHuge(ADDRESS));
    }
}
