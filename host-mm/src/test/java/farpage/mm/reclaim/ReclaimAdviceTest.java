package farpage.mm.reclaim;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.VmFlags;
import farpage.mm.VmStat;
import farpage.mm.exclusive.DeviceExclusive;
import farpage.mm.file.OpenFile;
import farpage.mm.memory.FolioFlags;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.swap.SwapMemory;
import farpage.mm.testing.Agent;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Advice about pages that are needed soon, or are not, on entries of every shape.
final class ReclaimAdviceTest {
    private static final int PAGES = 7;

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(PAGES);

    @BeforeEach
    void swapOn() {
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(64)));
    }

    private Errno advise(long at, int pageCount, Advice advice) {
        return process.mm().madvise(at, PageSize.pageAddress(pageCount), advice);
    }

    private void assertShapes(Shape... shapes) {
        for (int i = 0; i < shapes.length; i++) {
            assertEquals(shapes[i], process.shape(page(address, i)), "page " + i);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"COLD", "PAGEOUT", "WILLNEED"})
    void entriesThatNameNoOrdinaryPageStayAsTheyAre(Advice advice) {
        process.storeRow(address, 4, 1);
        device.pull(process, address, 1);
        process.mm().lockRead();
        if (DeviceExclusive.make(process.mm(), page(address, 1), null)
                instanceof DeviceExclusive.Answer.Taken(long page)) {
            DeviceExclusive.release(machine.machine(), page);
        }
        process.mm().unlockRead();
        assertEquals(Errno.OK, advise(page(address, 2), 1, Advice.PAGEOUT));
        assertEquals(Errno.OK, advise(page(address, 3), 1, Advice.HWPOISON));
        assertEquals(Errno.OK, advise(page(address, 4), 1, Advice.GUARD_INSTALL));
        assertEquals(0, process.load(page(address, 5)));
        assertEquals(Errno.OK, advise(address, PAGES, advice));
        assertShapes(
                Shape.DEVICE_PRIVATE,
                Shape.DEVICE_EXCLUSIVE,
                Shape.SWAP,
                Shape.HWPOISON,
                Shape.MARKER,
                Shape.PRESENT,
                Shape.NONE);
        assertEquals(0, device.ramCalls());
        process.assertRow(address, 3, 1);
    }

    @ParameterizedTest
    @EnumSource(names = {"COLD", "PAGEOUT", "WILLNEED", "FREE"})
    void pageInMigrationIsPassedOverWithoutWaiting(Advice advice) {
        process.store(address, 1);
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(1), vma, address, 1);
                    ReclaimAdvice reclaim = new ReclaimAdvice(vma);
                    switch (advice) {
                        case COLD -> reclaim.cold(address, page(address, 1));
                        case PAGEOUT -> assertEquals(0, reclaim.pageOut(address, page(address, 1)));
                        case WILLNEED -> reclaim.willNeed(address, page(address, 1));
                        default ->
                                assertEquals(
                                        Errno.OK,
                                        Agent.start(() -> advise(address, 1, advice)).finish());
                    }
                    assertEquals(Shape.MIGRATION, process.shape(address));
                    device.fillDevice(migrate);
                    return TestDevice.complete(migrate);
                });
        assertEquals(Shape.DEVICE_PRIVATE, process.shape(address));
        assertEquals(1, process.load(address));
    }

    @Test
    void coldPageIsOldInactiveAndStillThere() {
        process.store(address, 1);
        long page = process.pageAt(address);
        machine.folios().setFlag(page, FolioFlags.ACTIVE | FolioFlags.REFERENCED);
        assertEquals(Errno.OK, advise(address, 1, Advice.COLD));
        assertFalse(PageTableEntry.isYoung(process.entry(address)));
        assertFalse(machine.folios().hasFlag(page, FolioFlags.ACTIVE | FolioFlags.REFERENCED));
        assertTrue(machine.folios().hasFlag(page, FolioFlags.WORKINGSET));
        assertEquals(1, machine.machine().vmStat().get(VmStat.Event.PGDEACTIVATE));
        assertEquals(page, process.pageAt(address));
        assertEquals(1, process.load(address));
    }

    @Test
    void coldFilePageIsOldToo() {
        try (OpenFile file = machine.machine().files().memfd()) {
            assertEquals(Errno.OK, file.truncate(PageSize.PAGE_SIZE));
            long at = process.mapFile(file, 0, 1, READ_WRITE | VmFlags.SHARED);
            process.store(at, 1);
            assertEquals(Errno.OK, advise(at, 1, Advice.COLD));
            assertFalse(PageTableEntry.isYoung(process.entry(at)));
        }
    }

    @Test
    void pageOfTwoProcessesIsNobodysToGiveAway() {
        process.store(address, 1);
        TestProcess child = process.fork();
        assertEquals(1, child.load(address));
        assertEquals(Errno.OK, advise(address, 1, Advice.COLD));
        assertTrue(PageTableEntry.isYoung(process.entry(address)));
        assertEquals(Errno.OK, advise(address, 1, Advice.PAGEOUT));
        assertEquals(Shape.PRESENT, process.shape(address));
    }

    @Test
    void lockedMemoryIsRefused() {
        process.store(address, 1);
        assertEquals(Errno.OK, process.mm().mlock(address, PageSize.PAGE_SIZE));
        assertEquals(Errno.EINVAL, advise(address, 1, Advice.COLD));
        assertEquals(Errno.EINVAL, advise(address, 1, Advice.PAGEOUT));
        assertEquals(0, process.mm().rss(RssCounter.SWAP_ENTRIES));
    }
}
