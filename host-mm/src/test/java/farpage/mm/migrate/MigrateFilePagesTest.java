package farpage.mm.migrate;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.VmFlags;
import farpage.mm.file.OpenFile;
import farpage.mm.memory.FolioFlags;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Migrations of mappings of files and shared memory: the file's pages stay in system memory,
/// private copies move like any anonymous page.
final class MigrateFilePagesTest {
    private static final int SHARED = READ_WRITE | VmFlags.SHARED;

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();

    private OpenFile memfd(int pageCount) {
        OpenFile file = machine.machine().files().memfd();
        assertEquals(Errno.OK, file.truncate(PageSize.pageAddress(pageCount)));
        return file;
    }

    @Test
    @Tag("T-2.5")
    void holesOfSharedMemoryAndFilesAreNotOffered() {
        try (OpenFile file = memfd(4)) {
            long shared = process.mapShared(4);
            long copied = process.mapFile(file, 0, 4, READ_WRITE);
            process.load(page(copied, 3));
            for (long address : new long[] {shared, copied}) {
                process.withVma(
                        address,
                        vma -> {
                            MigrateVma migrate =
                                    TestDevice.setup(device.toDevice(3), vma, address, 3);
                            assertEquals(0, migrate.migratingCount());
                            for (int i = 0; i < 3; i++) {
                                assertEquals(MigratePfn.SKIP, migrate.src(i));
                            }
                            return TestDevice.complete(migrate);
                        });
            }
        }
    }

    @Test
    @Tag("T-2.5")
    void pageOfAFileDoesNotMoveToADevice() {
        long address = process.mapShared(2);
        process.storeRow(address, 2, 1);
        long entry = process.entry(address);
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(2), vma, address, 2);
                    assertEquals(2, migrate.migratingCount(), "collected like any other page");
                    device.fillDevice(migrate);
                    return assertZero(TestDevice.complete(migrate));
                });
        assertEquals(entry, process.entry(address));
        assertEquals(16, device.freePageCount());
        process.assertRow(address, 2, 1);
    }

    private static int assertZero(int migrated) {
        assertEquals(0, migrated);
        return migrated;
    }

    @Test
    void failedMigrationPutsTheEntriesOfAllProcessesBack() {
        long address = process.mapShared(1);
        process.store(address, 1);
        TestProcess child = process.fork();
        child.load(address);
        EventLog log = new EventLog(child.mm());
        assertEquals(0, device.pull(process, address, 1));
        assertEquals(List.of(MmuNotifierRange.Event.CLEAR), log.takeEvents());
        log.close();
        assertEquals(process.pageAt(address), child.pageAt(address));
        assertTrue(PageTableEntry.isWritable(child.entry(address)));
        child.store(address, 2);
        assertEquals(2, process.load(address));
    }

    @Test
    void mirrorsOfMappingsThatAreNotNeededAnyMoreAreNotTold() {
        long address = process.mapShared(1);
        process.store(address, 1);
        TestProcess child = process.fork();
        EventLog log = new EventLog(child.mm());
        assertEquals(0, device.pull(process, address, 1));
        assertEquals(List.of(), log.takeEvents(), "the page was not mapped there");
        log.close();
    }

    @Test
    void pageOfAFileMovesWithinSystemMemoryWithItsPlaceInTheFile() {
        try (OpenFile file = memfd(1)) {
            long address = process.mapFile(file, 0, 1, SHARED);
            process.store(address, 5);
            TestProcess child = process.fork();
            child.load(address);
            long from = process.pageAt(address);
            assertEquals(1, moveWithinSystem(address));
            long to = process.pageAt(address);
            assertNotEquals(from, to);
            assertEquals(to, child.pageAt(address));
            assertEquals(to, file.mapping().lookupPage(0));
            assertEquals(5, child.load(address));
            assertTrue(machine.folios().hasFlag(to, FolioFlags.DIRTY));
            assertEquals(0, machine.folios().refCount(from));
        }
    }

    @Test
    void pageOfAFileThatSomebodyHoldsStays() {
        try (OpenFile file = memfd(1)) {
            long address = process.mapFile(file, 0, 1, SHARED);
            process.store(address, 5);
            long from = process.pageAt(address);
            machine.folios().get(from);
            assertEquals(0, moveWithinSystem(address));
            machine.machine().put(from);
            assertEquals(from, process.pageAt(address));
        }
    }

    private int moveWithinSystem(long address) {
        return process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(1), vma, address, 1);
                    if (MigratePfn.isMigrating(migrate.src(0))) {
                        long to = machine.machine().allocateFolio(0);
                        assertNotEquals(Page.NONE, to);
                        machine.folios().lockNew(to);
                        machine.machine().ram().copy(MigratePfn.page(migrate.src(0)), to);
                        migrate.setDst(0, MigratePfn.ofPage(to));
                    }
                    return TestDevice.complete(migrate);
                });
    }

    @Test
    @Tag("T-3.14")
    void privateCopyOfAFilePageMigratesAndIsUnmappedThere() {
        try (OpenFile file = memfd(3)) {
            long address = process.mapFile(file, 0, 3, READ_WRITE);
            process.storeRow(address, 3, 1);
            assertEquals(3, device.pull(process, address, 3));
            assertTrue(device.holds(process, address));
            assertEquals(3, process.mm().rss(RssCounter.ANON));
            machine.check();
            process.unmap(address, 1);
            assertEquals(Errno.OK, file.truncate(2 * PageSize.PAGE_SIZE));
            assertEquals(Shape.NONE, process.shape(page(address, 2)));
            assertEquals(15, device.freePageCount());
            assertEquals(2, process.load(page(address, 1)));
        }
    }

    @Test
    @Tag("T-3.14")
    void holePunchingLeavesPrivateCopiesOnTheDevice() {
        try (OpenFile file = memfd(1)) {
            long address = process.mapFile(file, 0, 1, READ_WRITE);
            process.store(address, 1);
            device.pull(process, address, 1);
            assertEquals(Errno.OK, file.punchHole(0, PageSize.PAGE_SIZE));
            assertTrue(device.holds(process, address));
            assertEquals(1, process.load(address));
        }
    }

    @Test
    void protectionDuringAMigrationDoesNotMakeAFilePageExclusive() {
        long address = process.mapShared(1);
        process.store(address, 1);
        long page = process.pageAt(address);
        assertEquals(0, device.pull(process, address, 1));
        assertFalse(machine.folios().hasFlag(page, FolioFlags.ANON_EXCLUSIVE));
    }

    @Test
    void pagesOfADriverCanNotMigrate() {
        OpenFile file =
                machine.machine()
                        .files()
                        .device(vma -> {
                            long page = machine.machine().allocateFolio(0);
                            machine.machine().ram().zero(page, 0);
                            Errno errno = vma.mm().insertPage(vma, vma.start(), page);
                            machine.machine().put(page);
                            return errno;
                        });
        long address = process.mapFile(file, 0, 1, READ_WRITE);
        file.close();
        assertEquals(0, process.load(address));
        assertFalse(PageTableEntry.isWritable(process.entry(address)));
        assertEquals(1, process.mm().rss(RssCounter.FILE));
        TestProcess child = process.fork();
        assertEquals(process.pageAt(address), child.pageAt(address), "a fork copies the entry");
        process.withVma(
                address,
                vma -> {
                    Errno errno = device.toDevice(1).setup(vma, address, page(address, 1));
                    assertEquals(Errno.EINVAL, errno);
                    return errno;
                });
        process.store(address, 3);
        assertEquals(0, child.load(address));
    }
}
