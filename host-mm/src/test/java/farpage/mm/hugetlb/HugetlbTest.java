package farpage.mm.hugetlb;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.exclusive.DeviceExclusive;
import farpage.mm.fault.FaultResult;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.gup.GupResult;
import farpage.mm.inspect.SmapsDump;
import farpage.mm.inspect.StatusDump;
import farpage.mm.migrate.MigrateSelect;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Mappings of huge pages that the machine set aside: what they reserve, fault in, share, and
/// refuse.
final class HugetlbTest {
    private static final int HUGE = PageSize.ENTRIES_PER_TABLE;
    private static final int POOL = 3;

    @RegisterExtension final TestMachine machine = new TestMachine(8 * HUGE);
    private final TestProcess process = machine.newProcess();
    private final HugetlbPool pool = machine.machine().hugetlb();

    private long map(int hugePages) {
        assertEquals(POOL, pool.setPageCount(POOL));
        long address =
                process.mm().mmap(hugePages * PageSize.PMD_SIZE, READ_WRITE | VmFlags.HUGETLB);
        assertEquals(0, address & PageSize.PMD_SIZE - 1, "mmap: " + address);
        return address;
    }

    private Errno munmap(long address, long length) {
        return process.mm().munmap(address, length);
    }

    @Test
    void firstLoadFindsAWholeHugePageOfZeros() {
        long address = map(1);
        assertEquals(0, process.load(page(address, 77)));
        assertTrue(process.shape(address) == PageTableEntry.Shape.PRESENT);
        assertEquals(process.pageAt(address) + HUGE - 1, process.pageAt(page(address, HUGE - 1)));
        assertFalse(PageTableEntry.isWritable(process.entry(address)));
        process.store(page(address, HUGE - 1), 7);
        assertTrue(PageTableEntry.isWritable(process.entry(address)));
        assertEquals(POOL - 1, pool.freeCount());
        assertEquals(1, process.mm().hugetlbPageCount());
        assertEquals(0, process.mm().anonymousPageCount());
    }

    @Test
    void mappingReservesItsPagesAndIsRefusedWhereThePoolHasTooFew() {
        long address = map(2);
        assertEquals(2, pool.reservedCount());
        assertEquals(
                -Errno.ENOMEM.number(),
                process.mm().mmap(2 * PageSize.PMD_SIZE, READ_WRITE | VmFlags.HUGETLB));
        process.store(address, 1);
        assertEquals(1, pool.reservedCount());
        assertEquals(Errno.OK, munmap(page(address, HUGE), PageSize.PMD_SIZE));
        assertEquals(0, pool.reservedCount());
        assertEquals(Errno.OK, munmap(address, PageSize.PMD_SIZE));
        assertEquals(POOL, pool.freeCount());
    }

    @Test
    void poolShrinksDownToWhatIsReservedAndTheRestGoesBackWhenItIsFreed() {
        long address = map(2);
        process.store(address, 1);
        assertEquals(2, pool.setPageCount(0));
        assertEquals(1, pool.freeCount());
        process.store(page(address, HUGE), 2);
        assertEquals(Errno.OK, munmap(address, 2 * PageSize.PMD_SIZE));
        assertEquals(0, pool.pageCount());
    }

    @Test
    void poolIsNoLargerThanRamPermits() {
        int pages = pool.setPageCount(100);
        assertTrue(pages > 0 && pages < 8, () -> "pages: " + pages);
    }

    @Test
    void mappingIsOnlyCutBetweenItsPages() {
        long address = map(2);
        process.store(address, 1);
        assertEquals(Errno.EINVAL, munmap(address, PageSize.PAGE_SIZE));
        assertEquals(Errno.EINVAL, munmap(page(address, 1), PageSize.PMD_SIZE));
        assertEquals(
                Errno.EINVAL,
                process.mm().mprotect(page(address, 1), PageSize.PAGE_SIZE, VmFlags.READ));
        assertEquals(
                Errno.EINVAL, process.mm().madvise(address, PageSize.PAGE_SIZE, Advice.DONTFORK));
        assertEquals(
                Errno.EINVAL,
                process.mm().mmapFixed(page(address, 1), PageSize.PAGE_SIZE, READ_WRITE));
        assertEquals(
                Errno.EINVAL,
                process.mm()
                        .mmapFixed(
                                PageSize.PMD_SIZE + PageSize.PAGE_SIZE,
                                PageSize.PMD_SIZE,
                                READ_WRITE | VmFlags.HUGETLB));
        assertEquals(1, process.vmaCount());
        assertEquals(1, process.load(address));
    }

    @Test
    void mprotectTakesWriteFromTheWholePageAndTheNextStoreGivesItBack() {
        long address = map(1);
        process.store(address, 1);
        process.protect(address, HUGE, VmFlags.READ);
        assertEquals(FaultResult.SIGSEGV, process.tryStore(address, 2));
        assertFalse(PageTableEntry.isWritable(process.entry(page(address, 9))));
        process.protect(address, HUGE, READ_WRITE);
        assertFalse(PageTableEntry.isWritable(process.entry(address)));
        long before = process.pageAt(address);
        process.store(address, 2);
        assertEquals(before, process.pageAt(address));
    }

    @Test
    void childAndParentShareThePageUntilOneStores() {
        long address = map(1);
        process.store(address, 1);
        process.store(page(address, 5), 5);
        TestProcess child = process.fork();
        assertEquals(1, child.mm().hugetlbPageCount());
        assertEquals(process.pageAt(address), child.pageAt(address));
        child.store(address, 2);
        assertNotEquals(process.pageAt(address), child.pageAt(address));
        assertEquals(5, child.load(page(address, 5)), "the copy is one of the whole page");
        assertEquals(1, process.load(address));
        long own = process.pageAt(address);
        process.store(address, 3);
        assertEquals(own, process.pageAt(address), "who is left alone writes in place");
        machine.check();
        child.mm().exit();
    }

    @Test
    void copyThatFindsNoPageOfThePoolIsSigbus() {
        long address = map(2);
        process.store(address, 1);
        assertEquals(2, pool.setPageCount(2));
        TestProcess child = process.fork();
        assertEquals(FaultResult.SIGBUS, child.tryStore(address, 2), "the other is reserved");
        assertEquals(FaultResult.SIGBUS, child.tryLoad(page(address, HUGE)), "not for the child");
        process.store(page(address, HUGE), 4);
        child.mm().exit();
    }

    @Test
    void pinnedPageIsCopiedForTheChildAtOnce() {
        long address = map(1);
        process.store(address, 1);
        long[] pinned = new long[1];
        GupResult pin =
                GetUserPages.pinFast(process.mm(), page(address, 3), 1, GupFlags.WRITE, pinned);
        assertEquals(1, pin.count());
        TestProcess child = process.fork();
        assertNotEquals(process.pageAt(address), child.pageAt(address));
        assertEquals(1, child.load(address));
        process.store(page(address, 3), 9);
        assertEquals(process.pageAt(page(address, 3)), pinned[0]);
        GetUserPages.unpin(machine.machine(), pinned, 1, false);
    }

    @Test
    void pinnedPageThatCanNotBeCopiedFailsTheFork() {
        long address = map(1);
        process.store(address, 1);
        long[] pinned = new long[1];
        assertEquals(
                1, GetUserPages.pinFast(process.mm(), address, 1, GupFlags.WRITE, pinned).count());
        assertEquals(1, pool.setPageCount(1));
        assertThrows(OutOfMemoryError.class, () -> process.mm().fork());
        GetUserPages.unpin(machine.machine(), pinned, 1, false);
    }

    @Test
    void dontNeedFreesWholePagesAndReservesThemAgain() {
        long address = map(2);
        process.store(address, 1);
        process.store(page(address, HUGE), 2);
        long length = PageSize.PMD_SIZE + PageSize.PAGE_SIZE;
        assertEquals(Errno.OK, process.mm().madvise(address, length, Advice.DONTNEED));
        assertEquals(1, pool.reservedCount());
        assertEquals(0, process.load(address));
        assertEquals(2, process.load(page(address, HUGE)));
        assertEquals(
                Errno.EINVAL,
                process.mm().madvise(page(address, 1), PageSize.PMD_SIZE, Advice.DONTNEED));
    }

    @Test
    void adviceAndMovesOfOrdinaryMemoryAreRefused() {
        long address = map(1);
        process.store(address, 1);
        for (Advice advice :
                new Advice[] {
                    Advice.FREE, Advice.COLD, Advice.PAGEOUT, Advice.COLLAPSE, Advice.WIPEONFORK
                }) {
            assertEquals(
                    Errno.EINVAL,
                    process.mm().madvise(address, PageSize.PMD_SIZE, advice),
                    advice.name());
        }
        assertEquals(
                Errno.EINVAL,
                process.mm().mremap(address, PageSize.PMD_SIZE, PageSize.PAGE_SIZE, 0, 0).errno());
    }

    @Test
    @Tag("T-2.1")
    void migrationOfSuchAMappingIsRefused() {
        long address = map(1);
        process.store(address, 1);
        MigrateVma migration = new MigrateVma(HUGE, MigrateSelect.SYSTEM, this, Page.NONE);
        Errno errno =
                process.withVma(
                        address, vma -> migration.setup(vma, address, address + PageSize.PMD_SIZE));
        assertEquals(Errno.EINVAL, errno);
    }

    @Test
    void deviceCanNotHaveAPageForItself() {
        long address = map(1);
        process.store(address, 1);
        process.mm().lockRead();
        DeviceExclusive.Answer answer = DeviceExclusive.make(process.mm(), address, null);
        process.mm().unlockRead();
        assertEquals(new DeviceExclusive.Answer.Refused(Errno.EOPNOTSUPP), answer);
    }

    @Test
    void viewsShowThePagesApartFromAllOthers() {
        long address = map(1);
        process.store(address, 1);
        String smaps = SmapsDump.text(process.mm());
        assertTrue(smaps.contains("KernelPageSize:     2048 kB"), smaps);
        assertTrue(smaps.contains("Private_Hugetlb:    2048 kB"), smaps);
        assertTrue(smaps.contains("Rss:                   0 kB"), smaps);
        assertTrue(smaps.contains(" ht"), smaps);
        String status = StatusDump.text(process.mm());
        assertTrue(status.contains("HugetlbPages:\t    2048 kB"), status);
        assertTrue(status.contains("VmRSS:\t       0 kB"), status);
    }
}
