package farpage.mm.migrate;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Phase *setup*: what it refuses, and the word that it gives for each kind of entry.
final class MigrateSetupTest {
    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(8);

    private Errno setup(MigrateVma migrate, long start, long end) {
        return process.withVma(
                address,
                vma -> {
                    Errno errno = migrate.setup(vma, start, end);
                    if (errno.isOk()) {
                        migrate.pages();
                        migrate.finish();
                    }
                    return errno;
                });
    }

    private Errno setup(long start, long end) {
        return setup(device.toDevice(16), start, end);
    }

    @Test
    @Tag("T-2.1")
    void rangesThatAreEmptyOrBackwardAreRefused() {
        assertEquals(Errno.EINVAL, setup(address, address));
        assertEquals(Errno.EINVAL, setup(address, address + PageSize.PAGE_SIZE - 1));
        assertEquals(Errno.EINVAL, setup(page(address, 2), page(address, 1)));
    }

    @Test
    @Tag("T-2.1")
    @Tag("T-2.2")
    void rangesMustLieWithinTheVma() {
        assertEquals(Errno.OK, setup(address, page(address, 8)));
        assertEquals(Errno.EINVAL, setup(address, page(address, 9)));
        assertEquals(Errno.EINVAL, setup(page(address, 8), page(address, 9)));
        assertEquals(Errno.EINVAL, setup(page(address, -1), page(address, 1)));
    }

    @Test
    void boundsInsidePagesAreRoundedDown() {
        MigrateVma migrate = device.toDevice(16);
        process.withVma(
                address,
                vma -> {
                    assertEquals(
                            Errno.OK, migrate.setup(vma, address + 5, page(address, 3) + 4095));
                    assertEquals(3, migrate.pageCount());
                    assertEquals(address, migrate.address(0));
                    assertEquals(page(address, 2), migrate.address(2));
                    return TestDevice.complete(migrate);
                });
    }

    @Test
    @Tag("T-2.1")
    void faultPageMustBeALockedDevicePage() {
        process.store(address, 1);
        assertEquals(
                Errno.EINVAL,
                setup(withFaultPage(process.pageAt(address)), address, address + 4096));
        device.pull(process, address, 1);
        long page = process.pageAt(address);
        assertEquals(Errno.EINVAL, setup(withFaultPage(page), address, address + 4096));
        process.withVma(
                address,
                vma -> {
                    assertTrue(machine.folios().tryLock(page));
                    machine.folios().get(page);
                    MigrateVma migrate = withFaultPage(page);
                    TestDevice.setup(migrate, vma, address, 1);
                    assertEquals(1, migrate.migratingCount());
                    assertEquals(0, TestDevice.complete(migrate), "no destination was given");
                    machine.folios().unlock(page);
                    machine.machine().put(page);
                    return Errno.OK;
                });
        assertTrue(device.holds(process, address));
    }

    private MigrateVma withFaultPage(long page) {
        return new MigrateVma(1, MigrateSelect.DEVICE_PRIVATE, device, page);
    }

    @Test
    void setupThatFindsNothingSucceeds() {
        process.storeRow(address, 8, 1);
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toSystem(8), vma, address, 8);
                    assertEquals(0, migrate.migratingCount());
                    assertEquals(8, migrate.pageCount());
                    return TestDevice.complete(migrate);
                });
        process.assertRow(address, 8, 1);
    }

    @Test
    @Tag("T-2.3")
    void holesWithoutAPageTableAreOfferedForFilling() {
        assertHoles(4);
        assertEquals(Shape.NONE, process.shape(address));
    }

    @Test
    @Tag("T-2.3")
    void holesInAPageTableAreOfferedForFilling() {
        process.store(page(address, 7), 1);
        assertHoles(4);
    }

    private void assertHoles(int pageCount) {
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate =
                            TestDevice.setup(device.toDevice(8), vma, address, pageCount);
                    assertEquals(pageCount, migrate.migratingCount());
                    for (int i = 0; i < pageCount; i++) {
                        assertEquals(MigratePfn.ofHole(0), migrate.src(i));
                    }
                    return TestDevice.complete(migrate);
                });
    }

    @Test
    void holesAreOfferedWhateverIsSelected() {
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toSystem(8), vma, address, 8);
                    assertEquals(8, migrate.migratingCount());
                    return TestDevice.complete(migrate);
                });
    }

    @Test
    @Tag("T-2.4")
    void zeroPageIsOfferedForFillingAndStaysMappedUntilThen() {
        assertEquals(0, process.load(address));
        long before = process.entry(address);
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(1), vma, address, 1);
                    assertEquals(MigratePfn.ofHole(0), migrate.src(0));
                    assertEquals(before, process.entry(address));
                    TestDevice.complete(migrate);
                    assertEquals(before, process.entry(address));
                    TestDevice.setup(migrate, vma, address, 1);
                    assertEquals(1, device.fillDevice(migrate));
                    return TestDevice.complete(migrate);
                });
        assertTrue(device.holds(process, address));
        assertEquals(0, process.load(address));
    }

    @Test
    void zeroPageIsNotOfferedToTheSystem() {
        assertEquals(0, process.load(address));
        assertWord(device.toSystem(1), MigratePfn.SKIP);
    }

    private void assertWord(MigrateVma migrate, long word) {
        process.withVma(
                address,
                vma -> {
                    TestDevice.setup(migrate, vma, address, 1);
                    assertEquals(word, migrate.src(0), MigratePfn.describe(migrate.src(0)));
                    return TestDevice.complete(migrate);
                });
    }

    @Test
    void writablePageSaysSo() {
        process.store(address, 1);
        assertWord(device.toDevice(1), MigratePfn.ofSource(process.pageAt(address), true));
    }

    @Test
    void pageInAReadOnlyVmaIsNotWritable() {
        process.store(address, 1);
        process.protect(address, 8, VmFlags.READ);
        assertWord(device.toDevice(1), MigratePfn.ofSource(process.pageAt(address), false));
    }

    @Test
    void devicePageOfTheOwnerIsTaken() {
        process.store(address, 1);
        device.pull(process, address, 1);
        assertWord(device.toSystem(1), MigratePfn.ofSource(process.pageAt(address), true));
    }

    @Test
    @Tag("T-2.11")
    void devicePageOfAnotherOwnerIsSkipped() {
        process.store(address, 1);
        device.pull(process, address, 1);
        assertWord(machine.newDevice(1).toSystem(1), MigratePfn.SKIP);
        assertTrue(device.holds(process, address));
    }

    @Test
    @Tag("T-2.11")
    void devicePageIsSkippedWhenSystemPagesAreSelected() {
        process.store(address, 1);
        device.pull(process, address, 1);
        assertWord(device.toDevice(1), MigratePfn.SKIP);
    }

    @Test
    void systemPageIsSkippedWhenDevicePagesAreSelected() {
        process.store(address, 1);
        assertWord(device.toSystem(1), MigratePfn.SKIP);
    }

    @Test
    @Tag("T-2.7")
    void lockedPageIsSkippedWithoutWaiting() {
        process.storeRow(address, 2, 1);
        long locked = process.pageAt(address);
        long before = process.entry(address);
        process.withVma(
                address,
                vma -> {
                    assertTrue(machine.folios().tryLock(locked));
                    MigrateVma migrate = TestDevice.setup(device.toDevice(2), vma, address, 2);
                    assertEquals(MigratePfn.SKIP, migrate.src(0));
                    assertEquals(1, migrate.migratingCount());
                    assertEquals(before, process.entry(address));
                    TestDevice.complete(migrate);
                    machine.folios().unlock(locked);
                    return Errno.OK;
                });
        process.assertRow(address, 2, 1);
    }

    @Test
    @Tag("T-2.9")
    void systemPageWithAStrayReferenceIsPutBackAsItWas() {
        process.store(address, 1);
        long page = process.pageAt(address);
        long before = process.entry(address);
        machine.folios().get(page);
        assertWord(device.toDevice(1), MigratePfn.SKIP);
        assertEquals(before, process.entry(address), "writable, young and dirty as before");
        assertTrue(machine.folios().hasFlag(page, FolioFlags.ANON_EXCLUSIVE));
        assertTrue(machine.folios().hasFlag(page, FolioFlags.LRU));
        machine.machine().put(page);
    }

    @Test
    @Tag("T-2.9")
    @Tag("T-2.10")
    void strayReferencePutsBackEveryMappingOfThePage() {
        process.store(address, 1);
        TestProcess child = process.fork();
        long page = process.pageAt(address);
        machine.folios().get(page);
        long parentEntry = process.entry(address);
        long childEntry = child.entry(address);
        assertWord(device.toDevice(1), MigratePfn.SKIP);
        assertEquals(parentEntry, process.entry(address));
        assertEquals(childEntry, child.entry(address));
        machine.machine().put(page);
    }

    @Test
    @Tag("T-2.10")
    void everyMappingOfThePageIsAMigrationEntryInBetween() {
        process.store(address, 1);
        TestProcess child = process.fork();
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(1), vma, address, 1);
                    assertEquals(Shape.MIGRATION, process.shape(address));
                    assertEquals(Shape.MIGRATION, child.shape(address));
                    assertEquals(process.pageAt(address), child.pageAt(address));
                    device.fillDevice(migrate);
                    return TestDevice.complete(migrate);
                });
        assertTrue(device.holds(process, address));
        assertTrue(device.holds(child, address));
    }

    @Test
    void pageOffTheLruIsPutBack() {
        process.store(address, 1);
        long page = process.pageAt(address);
        machine.folios().clearFlag(page, FolioFlags.LRU);
        assertWord(device.toDevice(1), MigratePfn.SKIP);
        assertFalse(machine.folios().hasFlag(page, FolioFlags.LRU));
        machine.folios().setFlag(page, FolioFlags.LRU);
    }

    /// Setup grants a device page one stray reference; *pages* counts exactly.
    @Test
    void devicePageWithAStrayReferencePassesSetupButDoesNotMove() {
        process.store(address, 5);
        device.pull(process, address, 1);
        long page = process.pageAt(address);
        machine.folios().get(page);
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toSystem(1), vma, address, 1);
                    assertEquals(1, migrate.migratingCount());
                    assertEquals(1, device.fillSystem(migrate));
                    assertEquals(0, TestDevice.complete(migrate));
                    return Errno.OK;
                });
        assertTrue(device.holds(process, address));
        machine.machine().put(page);
        assertEquals(5, process.load(address));
    }

    @Test
    void devicePageWithTwoStrayReferencesIsPutBackBySetup() {
        process.store(address, 5);
        device.pull(process, address, 1);
        long page = process.pageAt(address);
        machine.folios().get(page);
        machine.folios().get(page);
        assertWord(device.toSystem(1), MigratePfn.SKIP);
        machine.machine().put(page);
        machine.machine().put(page);
    }

    @Test
    void collectedPagesAreReplacedByMigrationEntries() {
        process.storeRow(address, 3, 1);
        process.protect(page(address, 1), 1, VmFlags.READ);
        process.protect(page(address, 1), 1, TestProcess.READ_WRITE);
        TestProcess child = process.fork();
        assertEquals(FolioFlags.UPTODATE, FolioFlags.UPTODATE & flags(process.pageAt(address)));
        process.store(address, 7); // a copy of its own: exclusive again
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(3), vma, address, 3);
                    assertMigration(PageTableEntry.TYPE_MIGRATION_WRITE, process, 0);
                    assertMigration(PageTableEntry.TYPE_MIGRATION_READ, process, 1);
                    assertMigration(PageTableEntry.TYPE_MIGRATION_READ, child, 1);
                    assertEquals(Shape.PRESENT, child.shape(address), "the child has another page");
                    assertEquals(0, machine.folios().mapCount(MigratePfn.page(migrate.src(1))));
                    return TestDevice.complete(migrate);
                });
        process.assertRow(page(address, 1), 2, 2);
        child.assertRow(address, 3, 1);
        assertEquals(7, process.load(address));
    }

    @Test
    void exclusivePageInAReadOnlyVmaKeepsBeingExclusive() {
        process.store(address, 1);
        process.protect(address, 8, VmFlags.READ);
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(1), vma, address, 1);
                    assertMigration(PageTableEntry.TYPE_MIGRATION_READ_EXCLUSIVE, process, 0);
                    assertFalse(exclusive(MigratePfn.page(migrate.src(0))));
                    return TestDevice.complete(migrate);
                });
        assertTrue(exclusive(process.pageAt(address)));
    }

    private void assertMigration(int type, TestProcess owner, int pageIndex) {
        assertEquals(type, PageTableEntry.type(owner.entry(page(address, pageIndex))));
    }

    private int flags(long page) {
        return machine.folios().flags(page);
    }

    private boolean exclusive(long page) {
        return page != Page.NONE && machine.folios().hasFlag(page, FolioFlags.ANON_EXCLUSIVE);
    }

    @Test
    void collectingKeepsTheCountOfAnonymousPages() {
        process.storeRow(address, 3, 1);
        process.withVma(
                address,
                (Vma vma) -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(3), vma, address, 3);
                    assertEquals(3, process.mm().anonymousPageCount());
                    return TestDevice.complete(migrate);
                });
        assertEquals(3, process.mm().anonymousPageCount());
    }
}
