package farpage.mm.inspect;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Check;
import farpage.mm.Page;
import farpage.mm.RssCounter;
import farpage.mm.VmFlags;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Each kind of damage is done on purpose, and must be reported. The machine of a test is thrown
/// away as it is, so it is not one that checks itself.
final class MmInvariantsTest {
    private final TestMachine machine = new TestMachine(64);
    private final TestDevice device = machine.newDevice(4);
    private final TestProcess process = machine.newProcess();
    private final FolioTable folios = machine.folios();
    private final long address = process.map(8);
    private final long onDevice = page(address, 1);
    private final long inRam = address;

    MmInvariantsTest() {
        process.storeRow(address, 2, 1);
        device.pull(process, onDevice, 1);
        process.load(page(address, 2));
    }

    private void assertReported(String... fragments) {
        List<String> violations = MmInvariants.violations(machine.machine());
        for (String fragment : fragments) {
            assertTrue(
                    violations.stream().anyMatch(line -> line.contains(fragment)),
                    () -> "expected \"" + fragment + "\" among " + violations);
        }
    }

    private void setEntry(long at, long entry) {
        PageTableLeaf leaf = process.mm().pageTable().leafOrNew(at);
        leaf.lock();
        leaf.setEntryLocked(PageTableLeaf.slot(at), entry);
        leaf.unlock();
    }

    @Test
    void soundMachineHasNoViolations() {
        process.fork().store(inRam, 3);
        process.protect(page(address, 3), 1, VmFlags.READ);
        process.protect(address, 1, 0);
        assertEquals(List.of(), MmInvariants.violations(machine.machine()));
        MmInvariants.assertHold(machine.machine());
    }

    @Test
    void strayReferenceIsReported() {
        folios.get(process.pageAt(inRam));
        assertReported("pfn 1 refcount:2 mapcount:1", "1 references are accounted for");
    }

    @Test
    void strayReferenceOfADevicePageIsReported() {
        folios.get(process.pageAt(onDevice));
        assertReported("device pfn 0 refcount:2");
    }

    @Test
    void everyFindingIsInTheMessage() {
        folios.get(process.pageAt(inRam));
        Check.Broken broken =
                assertThrows(Check.Broken.class, () -> MmInvariants.assertHold(machine.machine()));
        assertTrue(String.valueOf(broken.getMessage()).contains("1 invariants broken:\npfn 1 "));
    }

    @Test
    void wrongMapCountIsReported() {
        folios.addMapping(process.pageAt(inRam));
        assertReported("mapcount:2", "but 1 entries map it");
    }

    @Test
    void lockLeftOnAFolioIsReported() {
        folios.setFlag(process.pageAt(inRam), FolioFlags.LOCKED);
        assertReported("locked at a quiet point");
    }

    @Test
    void writableMappingOfASharedPageIsReported() {
        folios.clearFlag(process.pageAt(inRam), FolioFlags.ANON_EXCLUSIVE);
        folios.clearFlag(process.pageAt(onDevice), FolioFlags.ANON_EXCLUSIVE);
        assertReported("PRESENT rw young dirty pfn 1: writable, but", "type 28 device pfn 0: w");
    }

    @Test
    void exclusivePageWithTwoMappingsIsReported() {
        TestProcess child = process.fork();
        folios.setFlag(child.pageAt(inRam), FolioFlags.ANON_EXCLUSIVE);
        assertReported("exclusive with 2 mappings");
    }

    @Test
    void entryWithoutAVmaIsReported() {
        setEntry(page(address, -1), PageTableEntry.ofSpecial(machine.machine().zeroPage()));
        assertReported("an entry where nothing is mapped");
    }

    @Test
    void pageTableFarFromEveryVmaIsReported() {
        process.mm().pageTable().leafOrNew(0x40000000L);
        assertReported("000040000000: a page table where nothing is mapped");
    }

    @Test
    @Tag("T-2.28")
    void migrationEntryIsReported() {
        long entry = process.entry(inRam);
        setEntry(inRam, PageTableEntry.ofMigration(entry, true, true));
        assertReported("a migration was not finished", "mapcount:1", "but 0 entries map it");
    }

    @Test
    void wrongCountOfAnonymousPagesIsReported() {
        process.mm().addRss(RssCounter.ANON, 1);
        assertReported("process 1: counts 3 anonymous pages, but maps 2");
    }

    @Test
    void frameNeitherFreeNorReferencedIsReported() {
        assertTrue(machine.machine().ram().allocate(0) != Page.NONE);
        assertReported("neither free nor referenced: a leak");
    }

    @Test
    void freeFrameThatIsMappedIsReported() {
        machine.machine().ram().free(process.pageAt(inRam), 0);
        assertReported("free, but referenced", "free, but its flags say");
    }

    @Test
    void systemPageOffTheLruIsReported() {
        folios.clearFlag(process.pageAt(inRam), FolioFlags.LRU);
        assertReported("a mapped system page is not on the LRU");
    }

    @Test
    void devicePrivatePageHasNoRoomForTheMarkOfTheLru() {
        long page = process.pageAt(onDevice);
        assertThrows(AssertionError.class, () -> folios.setFlag(page, FolioFlags.LRU));
    }

    @Test
    void devicePrivatePageMappedPresentIsReported() {
        setEntry(inRam, PageTableEntry.ofPage(process.pageAt(onDevice), false));
        assertReported("a device-private page is mapped present");
    }

    @Test
    void entryOfADeviceThatIsGoneIsReported() {
        long page = Page.ofDevicePfn(1 << 20);
        setEntry(onDevice, PageTableEntry.ofDevicePrivate(page, false, PageTableEntry.NONE));
        assertReported("names a page that does not exist");
    }

    @Test
    void writableEntryInAReadOnlyVmaIsReported() {
        process.protect(address, 8, VmFlags.READ);
        setEntry(inRam, PageTableEntry.withWrite(process.entry(inRam)));
        assertReported("writable where the VMA is not");
    }

    @Test
    void protNoneThatDisagreesWithTheVmaIsReported() {
        setEntry(inRam, PageTableEntry.withProtNone(process.entry(inRam), true));
        assertReported("protnone does not agree");
    }

    @Test
    void writableZeroPageIsReported() {
        long at = page(address, 2);
        setEntry(at, PageTableEntry.withWrite(process.entry(at)));
        assertReported("not the read-only zero page");
    }

    @Test
    void wrongIndexInTheReverseMapIsReported() {
        long page = process.pageAt(inRam);
        folios.setMapping(page, folios.mapping(page), folios.index(page) + 1);
        assertReported("the reverse map leads to " + String.format("%012x", onDevice));
    }

    @Test
    void pageThatTheReverseMapCanNotFindIsReported() {
        TestProcess stranger = machine.newProcess();
        long elsewhere = stranger.map(1);
        stranger.store(elsewhere, 1);
        Object foreign = folios.mapping(stranger.pageAt(elsewhere));
        assertNotNull(foreign);
        long page = process.pageAt(inRam);
        folios.setMapping(page, foreign, folios.index(page));
        folios.setMapping(process.pageAt(onDevice), null, 0);
        assertReported("does not reach this VMA", "the mapped page has no AnonVma");
    }

    @Test
    void invalidationThatWasNotEndedIsReported() {
        process.mm()
                .notifiers()
                .start(MmuNotifierRange.of(MmuNotifierRange.Event.CLEAR, address, onDevice));
        assertReported("an invalidation was not ended");
    }

    @Test
    void devicePageThatNobodyMapsIsReported() {
        long page = device.allocate();
        folios.unlock(page);
        assertReported("device pfn 1 refcount:1 mapcount:0", "0 references are accounted for");
    }

    @Test
    void findingsAreCutAfterAHundred() {
        long large = process.map(60);
        process.storeRow(large, 60, 1);
        for (int i = 0; i < 60; i++) {
            folios.get(process.pageAt(page(large, i)));
            folios.clearFlag(process.pageAt(page(large, i)), FolioFlags.LRU);
        }
        assertEquals(100, MmInvariants.violations(machine.machine()).size());
    }

    // Dumps.

    @Test
    void pageTableDumpJoinsRuns() {
        process.store(page(address, 4), 1);
        process.store(page(address, 5), 1);
        String expected =
                run(0, 1, "PRESENT rw young dirty pfn 1 (1 page)")
                        + run(1, 2, "DEVICE_PRIVATE type 28 device pfn 0 (1 page)")
                        + run(2, 3, "PRESENT r young special pfn 0 (1 page)")
                        + run(4, 6, "PRESENT rw young dirty pfn 2 (2 pages)");
        assertEquals(expected, PageTableDump.text(process.mm()));
    }

    private String run(int first, int end, String text) {
        return String.format("%012x-%012x %s%n", page(address, first), page(address, end), text);
    }

    @Test
    void folioDumpListsPagesInUse() {
        String text = FolioDump.text(machine.machine());
        assertEquals(3, text.lines().count(), text);
        assertTrue(text.startsWith("pfn 0 refcount:1 mapcount:0 index:0"), text);
        assertTrue(text.contains("\ndevice pfn 0 refcount:1 mapcount:1 "), text);
    }
}
