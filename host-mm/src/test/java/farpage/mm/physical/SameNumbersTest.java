package farpage.mm.physical;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.hmm.HmmPfn;
import farpage.mm.hmm.HmmRange;
import farpage.mm.hmm.HmmRangeFault;
import farpage.mm.inspect.FolioDump;
import farpage.mm.inspect.KpageFlags;
import farpage.mm.inspect.PfnWalk;
import farpage.mm.memory.FolioOrders;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// A device page and a system page of the same number, both in use and mapped by one process: no
/// word that can carry either takes one for the other.
final class SameNumbersTest {
    private static final int PAGES = 512;

    /// Where the memory begins: 2 MiB on a device's pages, then 2 MiB of RAM's.
    private static final long FAR = 1L << 30;

    private static final long NEAR = FAR + PageSize.PMD_SIZE;

    @RegisterExtension final TestMachine machine = new TestMachine(4 * PAGES + 64);
    private final TestDevice device = machine.newDevice(2 * PAGES);
    private final TestProcess process = machine.newProcess();

    /// Two places of the process: the device page and the system page there have one number.
    private record Pair(long number, long far, long near) {}

    private final List<Pair> pairs = new ArrayList<>();

    @BeforeEach
    void useTheSameNumbers() {
        process.mapAt(FAR, 2 * PAGES);
        process.storeRow(NEAR, PAGES, 7);
        process.storeRow(FAR, PAGES, 1);
        assertEquals(PAGES, device.pull(process, FAR, PAGES));
        for (int i = 0; i < PAGES; i++) {
            for (int j = 0; j < PAGES; j++) {
                long there = process.pageAt(page(FAR, i));
                long here = process.pageAt(page(NEAR, j));
                if (Page.number(there) == Page.number(here)) {
                    assertNotEquals(there, here);
                    pairs.add(new Pair(Page.number(there), page(FAR, i), page(NEAR, j)));
                }
            }
        }
        assertTrue(pairs.size() > PAGES / 4, () -> pairs.size() + " numbers in use twice");
    }

    private long devicePage(Pair pair) {
        return Page.ofDevicePfn(pair.number());
    }

    private long systemPage(Pair pair) {
        return Page.ofPfn(pair.number());
    }

    private void assertBothAsTheyWere(TestProcess of) {
        for (Pair pair : pairs) {
            assertEquals(devicePage(pair), of.pageAt(pair.far()));
            assertEquals(Shape.DEVICE_PRIVATE, of.shape(pair.far()));
            assertEquals(systemPage(pair), of.pageAt(pair.near()));
            assertEquals(Shape.PRESENT, of.shape(pair.near()));
        }
    }

    private int farValue(Pair pair) {
        return (byte) (1 + PageSize.pageNumber(pair.far() - FAR));
    }

    private int nearValue(Pair pair) {
        return (byte) (7 + PageSize.pageNumber(pair.near() - NEAR));
    }

    @Test
    @Tag("T-9.1")
    void migrateArraysKeepThemApart() {
        process.withVma(
                FAR,
                vma -> {
                    MigrateVma out = TestDevice.setup(device.toSystem(PAGES), vma, FAR, PAGES);
                    MigrateVma in = TestDevice.setup(device.toDevice(PAGES), vma, NEAR, PAGES);
                    for (Pair pair : pairs) {
                        long there = out.src((int) PageSize.pageNumber(pair.far() - FAR));
                        long here = in.src((int) PageSize.pageNumber(pair.near() - NEAR));
                        assertNotEquals(there, here);
                        assertEquals(devicePage(pair), MigratePfn.page(there));
                        assertEquals(systemPage(pair), MigratePfn.page(here));
                    }
                    assertMigrationEntries();
                    assertEquals(PAGES, device.fillSystem(out));
                    assertEquals(PAGES, device.fillDevice(in));
                    assertEquals(PAGES, TestDevice.complete(in));
                    assertEquals(PAGES, TestDevice.complete(out));
                    return Errno.OK;
                });
        process.assertRow(FAR, PAGES, 1);
        assertTrue(device.holds(process, NEAR));
        process.assertRow(NEAR, PAGES, 7);
    }

    /// While both migrate, each place has an entry of a migration type with a page of its own.
    private void assertMigrationEntries() {
        for (Pair pair : pairs) {
            long there = process.entry(pair.far());
            long here = process.entry(pair.near());
            assertTrue(PageTableEntry.isMigration(there));
            assertTrue(PageTableEntry.isMigration(here));
            assertNotEquals(there, here);
            assertEquals(devicePage(pair), PageTableEntry.page(there));
            assertEquals(systemPage(pair), PageTableEntry.page(here));
        }
    }

    @Test
    @Tag("T-9.1")
    void migrationEntriesThatAreGivenUpBecomeWhatTheyWere() {
        process.withVma(
                FAR,
                vma -> {
                    MigrateVma out = TestDevice.setup(device.toSystem(PAGES), vma, FAR, PAGES);
                    MigrateVma in = TestDevice.setup(device.toDevice(PAGES), vma, NEAR, PAGES);
                    assertMigrationEntries();
                    assertEquals(0, TestDevice.complete(out));
                    assertEquals(0, TestDevice.complete(in));
                    return Errno.OK;
                });
        assertBothAsTheyWere(process);
    }

    @Test
    @Tag("T-9.1")
    void hmmWordsKeepThemApart() {
        EventLog mirror = new EventLog(process.mm());
        long[] words = new long[2 * PAGES];
        process.mm().lockRead();
        try {
            assertEquals(
                    Errno.OK,
                    HmmRangeFault.fill(
                            new HmmRange(
                                    process.mm(),
                                    mirror.notifier(),
                                    mirror.notifier().readBegin(),
                                    FAR,
                                    page(FAR, 2 * PAGES),
                                    words,
                                    HmmPfn.REQ_FAULT,
                                    0,
                                    device)));
        } finally {
            process.mm().unlockRead();
        }
        for (Pair pair : pairs) {
            long there = words[(int) PageSize.pageNumber(pair.far() - FAR)];
            long here = words[(int) PageSize.pageNumber(pair.near() - FAR)];
            assertNotEquals(there, here);
            assertEquals(devicePage(pair), HmmPfn.page(there));
            assertEquals(systemPage(pair), HmmPfn.page(here));
        }
        mirror.close();
    }

    @Test
    @Tag("T-9.1")
    void walkOfTheReverseMapChangesTheEntriesOfOneKindOnlyInEveryProcess() {
        TestProcess child = process.fork();
        assertBothAsTheyWere(child);
        assertEquals(PAGES, device.evict());
        for (TestProcess of : List.of(process, child)) {
            for (Pair pair : pairs) {
                assertEquals(systemPage(pair), of.pageAt(pair.near()));
                assertFalse(Page.isDevice(of.pageAt(pair.far())));
                assertEquals(farValue(pair), of.load(pair.far()));
                assertEquals(nearValue(pair), of.load(pair.near()));
            }
        }
    }

    @Test
    @Tag("T-9.1")
    void forkSharesBothAndAStoreCopiesTheRightOne() {
        TestProcess child = process.fork();
        assertBothAsTheyWere(child);
        Pair pair = pairs.getFirst();
        machine.check();
        child.store(pair.near(), 101);
        assertEquals(systemPage(pair), process.pageAt(pair.near()));
        assertEquals(devicePage(pair), child.pageAt(pair.far()));
        child.store(pair.far(), 102);
        assertEquals(nearValue(pair), process.load(pair.near()));
        assertEquals(farValue(pair), process.load(pair.far()));
        assertEquals(101, child.load(pair.near()));
        assertEquals(102, child.load(pair.far()));
    }

    @Test
    @Tag("T-9.1")
    void splitOfALargeDeviceFolioLeavesSystemPagesOfItsNumbersAlone() {
        assertEquals(PAGES, device.push(process, FAR, PAGES));
        device.useOrders(FolioOrders.PMD);
        TestProcess other = machine.newProcess();
        other.mapHugeAt(FAR, 1);
        other.storeHuge(FAR);
        assertEquals(1, device.pull(other, FAR, PAGES));
        long head = other.pageAt(FAR);
        assertTrue(Page.isDevice(head));
        long[] before = new long[PAGES];
        int shared = 0;
        for (int i = 0; i < PAGES; i++) {
            before[i] = process.pageAt(page(NEAR, i));
            long distance = Page.number(before[i]) - Page.number(head);
            shared += distance >= 0 && distance < PAGES ? 1 : 0;
        }
        assertTrue(shared > 0, "no number is in use twice");
        other.unmap(page(FAR, 3), 1);
        assertEquals(1, device.push(other, page(FAR, 5), 1));
        for (int i = 0; i < PAGES; i++) {
            assertEquals(before[i], process.pageAt(page(NEAR, i)));
            assertEquals(0, machine.folios().order(before[i]));
        }
        process.assertRow(NEAR, PAGES, 7);
        process.assertRow(FAR, PAGES, 1);
    }

    @Test
    @Tag("T-9.1")
    void snapshotOfAPageSaysWhichKindItsNumberIs() {
        Pair pair = pairs.getFirst();
        String there = FolioDump.line(machine.machine(), devicePage(pair));
        String here = FolioDump.line(machine.machine(), systemPage(pair));
        assertTrue(there.startsWith("device pfn " + pair.number() + " refcount:"), there);
        assertTrue(here.startsWith("pfn " + pair.number() + " refcount:"), here);
    }

    @Test
    @Tag("T-9.1")
    void walkByPfnMeetsTheSystemPageAndNeverTheDevicePage() {
        for (Pair pair : pairs) {
            assertEquals(systemPage(pair), machine.machine().pfns().page(pair.number()));
            long flags = KpageFlags.flagsOfPfn(machine.machine(), pair.number());
            assertEquals(KpageFlags.flags(machine.machine(), systemPage(pair)), flags);
            assertEquals(1, KpageFlags.countOfPfn(machine.machine(), pair.number()));
        }
        assertEquals(0, PfnWalk.usedPages(machine.machine()).get(PfnWalk.Kind.DEVICE_PRIVATE));
    }
}
