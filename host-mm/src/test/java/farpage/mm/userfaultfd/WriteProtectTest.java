package farpage.mm.userfaultfd;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.MremapFlags;
import farpage.mm.PageSize;
import farpage.mm.exclusive.DeviceExclusive;
import farpage.mm.fault.FaultResult;
import farpage.mm.notifier.MmuNotifierRange.Event;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.Agent;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Stores to pages that were protected for it wait for the program itself.
final class WriteProtectTest {
    private static final int PAGES = 4;
    private static final long BYTES = PageSize.pageAddress(PAGES);

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(PAGES);
    private final Userfaultfd uffd = Userfaultfd.open(process.mm());

    @BeforeEach
    void protectTheFirstPage() {
        process.store(address, 7);
        process.store(page(address, 1), 8);
        assertEquals(Errno.OK, uffd.register(address, BYTES, UffdModes.REGISTER_WP));
        assertEquals(Errno.OK, protect(address, UffdModes.WRITEPROTECT_WP));
    }

    private Errno protect(long at, int mode) {
        return uffd.writeProtect(at, PageSize.PAGE_SIZE, mode);
    }

    private boolean isProtected(long at) {
        return PageTableEntry.isUffdWp(process.entry(at));
    }

    /// A store of 9 that asks, and goes on when it may.
    private void assertStoreAsks(long at) {
        TestProcess other = new TestProcess(process.mm());
        Agent<FaultResult> store = Agent.start(() -> other.tryStore(at, 9));
        assertEquals(new UffdMessage(at, true, true), uffd.read().orElseThrow());
        store.awaitWaiting();
        assertEquals(Errno.OK, protect(at, 0));
        assertEquals(FaultResult.HANDLED, store.finish());
        assertEquals(9, process.load(at));
        assertFalse(isProtected(at));
    }

    @Test
    void storeToAProtectedPageWaits() {
        process.store(page(address, 1), 5);
        assertEquals(7, process.load(address));
        assertStoreAsks(address);
        process.store(address, 6);
    }

    @Test
    void placesWithoutAPageStayAsTheyAre() {
        assertEquals(Errno.OK, protect(page(address, 2), UffdModes.WRITEPROTECT_WP));
        assertEquals(Shape.NONE, process.shape(page(address, 2)));
        process.store(page(address, 2), 1);
    }

    @Test
    void mirrorsAreToldAndMayNotWriteAnyMore() {
        try (EventLog mirror = new EventLog(process.mm())) {
            assertEquals(Errno.OK, protect(page(address, 1), UffdModes.WRITEPROTECT_WP));
            assertEquals(List.of(Event.PROTECTION_VMA), mirror.takeEvents());
        }
        assertFalse(PageTableEntry.isWritable(process.entry(page(address, 1))));
    }

    @Test
    @Tag("T-2.25")
    void protectionOutlastsATripToADevice() {
        assertEquals(2, device.pull(process, address, 2));
        assertTrue(isProtected(address));
        assertFalse(isProtected(page(address, 1)));
        assertEquals(7, process.load(address));
        assertStoreAsks(address);
        process.store(page(address, 1), 5);
    }

    @Test
    void pageIsProtectedWhileItIsOnADevice() {
        assertEquals(2, device.pull(process, address, 2));
        assertTrue(PageTableEntry.isWritableDevicePrivate(process.entry(page(address, 1))));
        assertEquals(Errno.OK, protect(page(address, 1), UffdModes.WRITEPROTECT_WP));
        assertTrue(isProtected(page(address, 1)));
        assertFalse(PageTableEntry.isWritableDevicePrivate(process.entry(page(address, 1))));
        assertStoreAsks(page(address, 1));
    }

    @Test
    void pageThatADeviceHadToItselfComesBackProtected() {
        long at = page(address, 1);
        process.withVma(
                at,
                vma -> {
                    if (DeviceExclusive.make(process.mm(), at, device)
                            instanceof DeviceExclusive.Answer.Taken(long page)) {
                        DeviceExclusive.release(machine.machine(), page);
                    }
                    return vma;
                });
        assertEquals(Shape.DEVICE_EXCLUSIVE, process.shape(at));
        assertEquals(Errno.OK, protect(at, UffdModes.WRITEPROTECT_WP));
        assertEquals(8, process.load(at));
        assertStoreAsks(at);
    }

    @Test
    void protectedPageCanNotBeTakenByADevice() {
        DeviceExclusive.Answer answer =
                process.withVma(address, vma -> DeviceExclusive.make(vma.mm(), address, device));
        assertEquals(new DeviceExclusive.Answer.Refused(Errno.EFAULT), answer);
    }

    @Test
    void childIsNotProtected() {
        TestProcess child = process.fork();
        child.store(address, 3);
        assertEquals(3, child.load(address));
        assertTrue(isProtected(address));
        assertStoreAsks(address);
    }

    @Test
    void mappingThatMovesIsNotProtected() {
        long target = address - 16 * BYTES;
        int flags = MremapFlags.MAYMOVE | MremapFlags.FIXED;
        assertTrue(process.mm().mremap(address, BYTES, BYTES, flags, target).isOk());
        assertFalse(isProtected(target));
        process.store(target, 3);
    }

    @Test
    void changeOfAccessDoesNotEndTheProtection() {
        process.protect(address, PAGES, 0);
        process.protect(address, PAGES, TestProcess.READ_WRITE);
        assertTrue(isProtected(address));
        assertStoreAsks(address);
    }

    @Test
    void lettingGoEndsTheProtection() {
        assertEquals(Errno.OK, uffd.unregister(address, BYTES));
        assertFalse(isProtected(address));
        process.store(address, 3);
    }

    @Test
    void pageMayBeFilledProtected() {
        int both = UffdModes.REGISTER_MISSING | UffdModes.REGISTER_WP;
        assertEquals(Errno.OK, uffd.register(address, BYTES, both));
        MemorySegment source = MemorySegment.ofArray(new byte[PageSize.PAGE_SIZE]);
        assertEquals(
                Errno.OK,
                uffd.copy(page(address, 2), source, PageSize.PAGE_SIZE, UffdModes.COPY_WP).errno());
        assertEquals(0, process.load(page(address, 2)));
        assertStoreAsks(page(address, 2));
    }
}
