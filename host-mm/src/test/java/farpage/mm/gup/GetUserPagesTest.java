package farpage.mm.gup;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.file.FileTable;
import farpage.mm.file.OpenFile;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// References and pins on the pages behind addresses, and what they keep from happening.
final class GetUserPagesTest {
    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(4);
    private final long[] pages = new long[4];

    private GupResult get(int count, int flags) {
        return process.withVma(
                address, vma -> GetUserPages.get(process.mm(), address, count, flags, pages));
    }

    private GupResult pin(int count, int flags) {
        return process.withVma(
                address, vma -> GetUserPages.pin(process.mm(), address, count, flags, pages));
    }

    private static GupResult got(int count) {
        return new GupResult(Errno.OK, count);
    }

    private static GupResult refused(Errno errno) {
        return new GupResult(errno, 0);
    }

    private void putAll(int count) {
        for (int i = 0; i < count; i++) {
            machine.machine().put(pages[i]);
        }
    }

    private void unpinAll(int count) {
        GetUserPages.unpin(machine.machine(), pages, count, false);
    }

    @Test
    void untouchedMemoryIsFilledForAWriter() {
        assertEquals(got(4), get(4, GupFlags.WRITE));
        for (int i = 0; i < 4; i++) {
            assertEquals(process.pageAt(page(address, i)), pages[i]);
            assertEquals(2, machine.folios().refCount(pages[i]));
        }
        putAll(4);
    }

    @Test
    void readerOfUntouchedMemoryGetsTheZeroPageAndPinsNothing() {
        assertEquals(got(1), pin(1, 0));
        assertEquals(machine.machine().zeroPage(), pages[0]);
        assertFalse(machine.folios().isMaybePinned(pages[0]));
        unpinAll(1);
    }

    @Test
    void longPinForReadingMakesThePageTheProcesssOwn() {
        assertEquals(got(1), pin(1, GupFlags.LONGTERM));
        assertNotEquals(machine.machine().zeroPage(), pages[0]);
        assertTrue(machine.folios().hasFlag(pages[0], FolioFlags.ANON_EXCLUSIVE));
        assertFalse(PageTableEntry.isWritable(process.entry(address)));
        process.store(address, 5);
        assertEquals(pages[0], process.pageAt(address), "the store went to the pinned page");
        unpinAll(1);
    }

    @Test
    void pagesOnADeviceComeToRam() {
        process.storeRow(address, 4, 1);
        device.pull(process, address, 4);
        assertEquals(got(4), pin(4, 0));
        assertEquals(4, device.ramCalls());
        for (int i = 0; i < 4; i++) {
            assertEquals(Shape.PRESENT, process.shape(page(address, i)));
            assertEquals(
                    i + 1, machine.machine().ram().bytes(pages[i]).get(ValueLayout.JAVA_BYTE, 0));
        }
        unpinAll(4);
    }

    @Test
    void withoutFaultsAPageOnADeviceCanNotBeHad() {
        process.store(address, 1);
        device.pull(process, address, 1);
        assertEquals(refused(Errno.EFAULT), get(1, GupFlags.NOFAULT));
        assertEquals(0, device.ramCalls());
        assertTrue(device.holds(process, address));
    }

    @Test
    void errorAfterTheFirstPageIsAShorterCount() {
        process.storeRow(address, 4, 1);
        process.unmap(page(address, 2), 2);
        assertEquals(got(2), get(4, 0));
        putAll(2);
    }

    @Test
    void protectionIsKeptUnlessForced() {
        process.store(address, 1);
        process.protect(address, 4, VmFlags.READ);
        assertEquals(refused(Errno.EFAULT), get(1, GupFlags.WRITE));
        assertEquals(got(1), get(1, 0));
        putAll(1);
        process.protect(address, 4, 0);
        assertEquals(refused(Errno.EFAULT), get(1, 0));
        assertEquals(got(1), get(1, GupFlags.FORCE));
        putAll(1);
    }

    @Test
    void forcedWriteGetsACopyThatTheProcessStillCanNotWrite() {
        process.store(address, 1);
        TestProcess child = process.fork();
        process.protect(address, 4, VmFlags.READ);
        long shared = process.pageAt(address);
        assertEquals(got(1), get(1, GupFlags.WRITE | GupFlags.FORCE));
        assertNotEquals(shared, pages[0]);
        machine.machine().ram().bytes(pages[0]).fill((byte) 9);
        putAll(1);
        assertEquals(9, process.load(address));
        assertEquals(FaultResult.SIGSEGV, process.tryStore(address, 2));
        assertEquals(1, child.load(address));
    }

    @Test
    void dumpOfUntouchedMemoryIsRefused() {
        assertEquals(refused(Errno.EFAULT), get(1, GupFlags.DUMP));
        assertEquals(Shape.NONE, process.shape(address));
    }

    @Test
    void driversErrorIsTheCallers() {
        process.store(address, 1);
        device.pull(process, address, 1);
        device.refuse(FaultResult.OUT_OF_MEMORY, 1);
        assertEquals(refused(Errno.ENOMEM), get(1, 0));
        device.refuse(FaultResult.SIGBUS, 1);
        assertEquals(refused(Errno.EFAULT), get(1, 0));
        device.refuse(FaultResult.HWPOISON, 1);
        assertEquals(refused(Errno.EHWPOISON), get(1, GupFlags.HWPOISON));
        device.refuse(FaultResult.HWPOISON, 1);
        assertEquals(refused(Errno.EFAULT), get(1, 0));
    }

    @Test
    void fastWayTakesWhatIsMappedAndTheSlowOneTheRest() {
        process.store(address, 1);
        long[] two = new long[2];
        assertEquals(
                got(1),
                GetUserPages.getFast(
                        process.mm(), address, 2, GupFlags.WRITE | GupFlags.FAST_ONLY, two));
        machine.machine().put(two[0]);
        assertEquals(got(2), GetUserPages.pinFast(process.mm(), address, 2, GupFlags.WRITE, two));
        assertTrue(machine.folios().isMaybePinned(two[0]));
        assertTrue(machine.folios().isMaybePinned(two[1]));
        GetUserPages.unpin(machine.machine(), two, 2, true);
        assertTrue(machine.folios().hasFlag(two[1], FolioFlags.DIRTY));
        assertEquals(1, machine.folios().refCount(two[1]));
    }

    @Test
    void fastWayLeavesADevicesPageToTheSlowOne() {
        process.store(address, 1);
        device.pull(process, address, 1);
        long[] one = new long[1];
        assertEquals(
                got(0), GetUserPages.getFast(process.mm(), address, 1, GupFlags.FAST_ONLY, one));
        assertEquals(got(1), GetUserPages.getFast(process.mm(), address, 1, 0, one));
        machine.machine().put(one[0]);
    }

    @Test
    @Tag("T-2.8")
    void pinnedPageDoesNotMigrateAndItsEntryStaysAsItWas() {
        process.storeRow(address, 2, 1);
        assertEquals(got(1), pin(1, GupFlags.WRITE));
        long entry = process.entry(address);
        assertEquals(1, device.pull(process, address, 2));
        assertEquals(entry, process.entry(address));
        assertTrue(PageTableEntry.isWritable(entry));
        assertTrue(machine.folios().hasFlag(pages[0], FolioFlags.ANON_EXCLUSIVE));
        assertFalse(machine.folios().isLocked(pages[0]));
        assertTrue(device.holds(process, page(address, 1)));
        unpinAll(1);
        assertEquals(1, device.pull(process, address, 1));
    }

    @Test
    @Tag("T-2.9")
    void referencedPageIsCollectedAndPutBack() {
        process.store(address, 1);
        assertEquals(got(1), get(1, GupFlags.WRITE));
        process.withVma(
                address,
                vma -> {
                    var migrate = device.toDevice(1);
                    TestDevice.setup(migrate, vma, address, 1);
                    assertEquals(0, migrate.migratingCount());
                    assertEquals(0, migrate.src(0));
                    TestDevice.complete(migrate);
                    return 0;
                });
        assertEquals(pages[0], process.pageAt(address));
        assertTrue(PageTableEntry.isWritable(process.entry(address)));
        putAll(1);
        assertEquals(1, process.load(address));
    }

    @Test
    void forkCopiesAPinnedPageAtOnce() {
        process.storeRow(address, 2, 1);
        assertEquals(got(1), pin(1, GupFlags.WRITE));
        TestProcess child = process.fork();
        assertEquals(pages[0], process.pageAt(address));
        assertTrue(PageTableEntry.isWritable(process.entry(address)));
        assertNotEquals(pages[0], child.pageAt(address));
        assertEquals(process.pageAt(page(address, 1)), child.pageAt(page(address, 1)));
        machine.machine().ram().bytes(pages[0]).fill((byte) 7);
        assertEquals(7, process.load(address));
        assertEquals(1, child.load(address));
        child.store(address, 3);
        assertEquals(7, process.load(address));
        assertEquals(2, child.mm().anonymousPageCount());
        unpinAll(1);
    }

    @Test
    void storeAfterForkDoesNotMoveAPinnedPage() {
        process.store(address, 1);
        assertEquals(got(1), pin(1, 0));
        TestProcess child = process.fork();
        process.store(address, 2);
        assertEquals(pages[0], process.pageAt(address));
        assertEquals(1, child.load(address));
        unpinAll(1);
    }

    @Test
    void pinForReadingBreaksTheSharingWithTheChild() {
        process.store(address, 1);
        TestProcess child = process.fork();
        long shared = process.pageAt(address);
        assertEquals(got(1), get(1, 0));
        assertEquals(shared, pages[0], "a plain reference shares");
        putAll(1);
        assertEquals(got(1), pin(1, 0));
        assertNotEquals(shared, pages[0]);
        assertEquals(shared, child.pageAt(address));
        assertEquals(FolioTable.PIN_BIAS + 1, machine.folios().refCount(pages[0]));
        unpinAll(1);
    }

    @Test
    @Tag("T-3.11")
    void coherentPageIsPinnedInPlaceForAMomentAndMovesToRamForLong() {
        TestDevice coherent = machine.newCoherentDevice(1);
        process.store(address, 7);
        assertEquals(1, coherent.pull(process, address, 1));
        assertEquals(got(1), pin(1, GupFlags.WRITE));
        assertEquals(coherent.pagemap().page(0), pages[0]);
        assertEquals(
                refused(Errno.EBUSY),
                process.withVma(
                        address,
                        vma ->
                                GetUserPages.pin(
                                        process.mm(),
                                        address,
                                        1,
                                        GupFlags.WRITE | GupFlags.LONGTERM,
                                        new long[1])),
                "somebody holds it");
        unpinAll(1);
        assertEquals(got(1), pin(1, GupFlags.WRITE | GupFlags.LONGTERM));
        assertFalse(Page.isDevice(pages[0]));
        assertEquals(0, coherent.pagemap().livePageCount());
        assertEquals(7, process.load(address));
        unpinAll(1);
    }

    /// Its owner writes it back when it is found dirty; nobody would find these stores.
    @Test
    void fileThatIsWrittenBackIsNotPinnedForLongToBeWritten(@TempDir Path directory)
            throws IOException {
        Path path = directory.resolve("file");
        Files.write(path, new byte[PageSize.PAGE_SIZE]);
        FileTable table = machine.machine().files();
        try (OpenFile file = table.open(path, true)) {
            int shared = TestProcess.READ_WRITE | VmFlags.SHARED;
            assertPinsToWrite(Errno.EFAULT, process.mapFile(file, 0, 1, shared));
            assertPinsToWrite(Errno.OK, process.mapFile(file, 0, 1, TestProcess.READ_WRITE));
        }
        assertPinsToWrite(Errno.OK, process.mapShared(1));
    }

    private void assertPinsToWrite(Errno longTerm, long at) {
        process.store(at, 1);
        long[] pinned = new long[1];
        int flags = GupFlags.WRITE | GupFlags.LONGTERM;
        GupResult result = GetUserPages.pinFast(process.mm(), at, 1, flags, pinned);
        assertEquals(longTerm, result.errno());
        GetUserPages.unpin(machine.machine(), pinned, result.count(), true);
        result = GetUserPages.pinFast(process.mm(), at, 1, GupFlags.WRITE, pinned);
        assertEquals(Errno.OK, result.errno());
        GetUserPages.unpin(machine.machine(), pinned, 1, true);
    }

    @Test
    void onlyCallsThatTouchCountAsAccessAndStore() {
        long at = process.mapShared(1);
        process.load(at);
        long page = process.pageAt(at);
        long[] pages = new long[1];
        process.mm().lockRead();
        GetUserPages.pin(process.mm(), at, 1, GupFlags.WRITE, pages);
        process.mm().unlockRead();
        GetUserPages.unpin(machine.machine(), pages, 1, false);
        int marks = FolioFlags.DIRTY | FolioFlags.REFERENCED | FolioFlags.ACTIVE;
        assertEquals(0, machine.folios().flags(page) & marks);
        GetUserPages.pinUnlocked(process.mm(), at, 1, GupFlags.WRITE, pages);
        GetUserPages.unpin(machine.machine(), pages, 1, false);
        assertEquals(
                FolioFlags.DIRTY | FolioFlags.REFERENCED, machine.folios().flags(page) & marks);
    }
}
