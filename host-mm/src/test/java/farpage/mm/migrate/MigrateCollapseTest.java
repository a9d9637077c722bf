package farpage.mm.migrate;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.memcg.MemCgroup;
import farpage.mm.memory.FolioOrders;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Base pages that become one large folio of a device while they migrate.
final class MigrateCollapseTest {
    private static final long ADDRESS = 1L << 30;
    private static final int PAGES = PageSize.ENTRIES_PER_TABLE;
    private static final int ORDER = PageSize.HPAGE_PMD_ORDER;

    @RegisterExtension final TestMachine machine = new TestMachine(4096);
    private final TestDevice device = machine.newDevice(4 * PAGES);
    private final TestProcess process = machine.newProcess();
    private final FolioTable folios = machine.folios();

    @BeforeEach
    void mapSmall() {
        device.useOrders(FolioOrders.PMD);
        long mapped = process.mapAt(ADDRESS, 2 * PAGES);
        assertEquals(ADDRESS, mapped);
        process.storeRow(ADDRESS, PAGES, 1);
    }

    /// Migrates with one large destination for all.
    ///
    /// @param before is called between the copies and *pages*
    /// @return the words that migrated
    private int collapse(MigrateVma migration, long address, int pageCount, Runnable before) {
        return process.withVma(
                address,
                vma -> {
                    MigrateVma migrate =
                            TestDevice.setup(migration.collapsing(true), vma, address, pageCount);
                    long to = device.allocate(ORDER);
                    copy(migrate, to);
                    migrate.setDst(0, MigratePfn.withWrite(MigratePfn.ofFolio(to, ORDER)));
                    before.run();
                    return TestDevice.complete(migrate);
                });
    }

    private void copy(MigrateVma migrate, long to) {
        for (int i = 0; i < migrate.pageCount(); i++) {
            if (MigratePfn.hasPage(migrate.src(i))) {
                long from = MigratePfn.page(migrate.src(i));
                device.bytes(to + i)
                        .copyFrom(
                                Page.isDevice(from)
                                        ? device.bytes(from)
                                        : machine.machine().ram().bytes(from));
            }
        }
    }

    private int collapse() {
        return collapse(device.toDevice(PAGES), ADDRESS, PAGES, () -> {});
    }

    private void assertJoined() {
        assertTrue(process.isHuge(ADDRESS));
        assertTrue(device.holds(process, ADDRESS));
        assertEquals(ORDER, folios.order(process.pageAt(ADDRESS)));
        assertEquals(PAGES, device.pagemap().livePageCount());
        assertEquals(PAGES, process.mm().anonymousPageCount());
        machine.check();
    }

    private void assertPageByPage(int expected) {
        assertFalse(process.isHuge(ADDRESS));
        assertEquals(expected, device.pagemap().livePageCount());
        machine.check();
    }

    @Test
    void basePagesBecomeOneFolioThatOneEntryMaps() {
        int free = machine.machine().ram().freePageCount();
        assertEquals(1, collapse());
        assertJoined();
        assertEquals(free + PAGES, machine.machine().ram().freePageCount());
        assertTrue(PageTableEntry.isWritableDevicePrivate(process.entry(ADDRESS)));
        process.assertRow(ADDRESS, PAGES, 1);
        assertEquals(0, device.pagemap().livePageCount());
    }

    @Test
    void theFolioComesBackWhole() {
        assertEquals(1, collapse());
        assertEquals(1, device.push(process, ADDRESS, PAGES));
        assertTrue(process.isHuge(ADDRESS));
        process.assertRow(ADDRESS, PAGES, 1);
    }

    @Test
    void aForkAndASplitFindItAsAnyOther() {
        assertEquals(1, collapse());
        TestProcess child = process.fork();
        machine.check();
        child.store(page(ADDRESS, 3), 99);
        process.assertRow(ADDRESS, PAGES, 1);
        assertEquals(99, child.load(page(ADDRESS, 3)));
        child.mm().exit();
        machine.check();
    }

    @Test
    void pagesOfTheDeviceAreJoinedInPlace() {
        assertEquals(PAGES, device.pull(process, ADDRESS, PAGES));
        assertPageByPage(PAGES);
        assertEquals(1, collapse(device.toSystem(PAGES), ADDRESS, PAGES, () -> {}));
        assertJoined();
        process.assertRow(ADDRESS, PAGES, 1);
    }

    @Test
    void chargeStaysTheSame() {
        MemCgroup group =
                machine.machine().memcgs().newGroup(machine.machine().memcgs().root(), "a");
        TestProcess member = new TestProcess(machine.machine().newProcess(group));
        long address = member.mapAt(ADDRESS, PAGES);
        member.storeRow(address, PAGES, 4);
        long usage = group.usage();
        member.withVma(
                address,
                vma -> {
                    MigrateVma migrate =
                            TestDevice.setup(
                                    device.toDevice(PAGES).collapsing(true), vma, address, PAGES);
                    long to = device.allocate(ORDER);
                    copy(migrate, to);
                    migrate.setDst(0, MigratePfn.ofFolio(to, ORDER));
                    assertEquals(1, TestDevice.complete(migrate));
                    return Errno.OK;
                });
        assertTrue(member.isHuge(address));
        assertEquals(usage, group.usage());
        machine.check();
        member.assertRow(address, PAGES, 4);
        member.mm().exit();
        assertEquals(0, group.usage());
    }

    @Test
    void pagesThatAForkSharesGoOneByOne() {
        TestProcess child = process.fork();
        assertEquals(PAGES, collapse());
        assertPageByPage(PAGES);
        child.assertRow(ADDRESS, PAGES, 1);
        process.assertRow(ADDRESS, PAGES, 1);
        child.mm().exit();
    }

    @Test
    void aPageThatSomebodyHoldsStaysAndTheOthersGoOneByOne() {
        long held = process.pageAt(page(ADDRESS, 7));
        assertEquals(
                PAGES - 1,
                collapse(device.toDevice(PAGES), ADDRESS, PAGES, () -> folios.get(held)));
        machine.machine().put(held);
        assertPageByPage(PAGES - 1);
        assertEquals(held, process.pageAt(page(ADDRESS, 7)));
        process.assertRow(ADDRESS, PAGES, 1);
    }

    @Test
    void aHoleIsNotFilledAndTheOthersGoOneByOne() {
        assertEquals(
                Errno.OK,
                process.mm().madvise(page(ADDRESS, 100), PageSize.PAGE_SIZE, Advice.DONTNEED));
        assertEquals(PAGES - 1, collapse());
        assertPageByPage(PAGES - 1);
        process.assertRow(ADDRESS, 100, 1);
    }

    @Test
    void aFolioThatSomebodyHoldsIsNotCutAndThePagesStay() {
        TestProcess child = process.fork();
        long[] taken = {0};
        int moved =
                process.withVma(
                        ADDRESS,
                        vma -> {
                            MigrateVma migrate =
                                    TestDevice.setup(
                                            device.toDevice(PAGES).collapsing(true),
                                            vma,
                                            ADDRESS,
                                            PAGES);
                            taken[0] = device.allocate(ORDER);
                            migrate.setDst(0, MigratePfn.ofFolio(taken[0], ORDER));
                            folios.get(taken[0]);
                            return TestDevice.complete(migrate);
                        });
        assertEquals(0, moved);
        machine.machine().put(taken[0]);
        assertPageByPage(0);
        process.assertRow(ADDRESS, PAGES, 1);
        child.mm().exit();
    }

    @Test
    void fewerPagesThanTheFolioHasGoOneByOne() {
        assertEquals(100, collapse(device.toDevice(PAGES), ADDRESS, 100, () -> {}));
        assertPageByPage(100);
        process.assertRow(ADDRESS, PAGES, 1);
    }
}
