package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import farpage.emulator.CoherentNode;
import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.copy.CopyDevice;
import farpage.emulator.copy.CopyStatistics;
import farpage.emulator.copy.MigrateOffloadPlan;
import farpage.emulator.copy.OffloadProvider;
import farpage.emulator.copy.PageSums;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.inspect.EmulatorInvariants;
import farpage.mm.Errno;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.fault.FaultResult;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.HostMemory;
import farpage.mm.memoryfailure.Recovery;
import farpage.mm.mempolicy.Mbind;
import farpage.mm.mempolicy.MempolicyFlags;
import farpage.mm.mempolicy.MempolicyMode;
import farpage.mm.mempolicy.MovePages;
import farpage.mm.migrate.FolioMigration;
import farpage.mm.numa.MemoryNode;
import farpage.mm.numa.NumaBalancing;
import farpage.mm.numa.NumaStat;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.opencl.kernel.PageChecksum;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The same memory of a device as its coherent pages, and as two nodes of the machine, one isolated
/// and one that allocations fall back to.
abstract class CoherentNodeContract extends EmulatorScene {
    private static final long NODE_BYTES = 16L << 20;
    private static final int NODE_PAGES = (int) PageSize.pageNumber(NODE_BYTES);
    private static final int ISOLATED = 1;
    private static final int OPEN = 2;

    private Dmirror device2;

    @Override
    EmulatorConfig configure(EmulatorConfig config) {
        return super.configure(config)
                .withRamSize(16L << 20)
                .withCoherentDeviceCount(1)
                .withCoherentNode(MemoryNode.ofSize(NODE_BYTES).withIsolation(true))
                .withCoherentNode(MemoryNode.ofSize(NODE_BYTES))
                .withMigrateOffload(MigrateOffloadPlan.of(OffloadProvider.DEVICE));
    }

    @BeforeEach
    void openCoherentDevice() {
        device2 = emulator.device(2).open(process);
    }

    private long pageAt(long address) {
        PageTableLeaf leaf = process.pageTable().lookupLeaf(address);
        assertTrue(leaf != null);
        return PageTableEntry.page(leaf.entryAcquire(PageTableLeaf.slot(address)));
    }

    private int node(long address) {
        return emulator.machine().numa().node(pageAt(address));
    }

    private int free(int node) {
        return emulator.machine().ram().freePageCount(node);
    }

    private int[] move(long address, int pageCount, int node) {
        long[] addresses = new long[pageCount];
        int[] nodes = new int[pageCount];
        int[] status = new int[pageCount];
        for (int i = 0; i < pageCount; i++) {
            addresses[i] = page(address, i);
        }
        Arrays.fill(nodes, node);
        assertEquals(
                Errno.OK, MovePages.move(process, addresses, nodes, MempolicyFlags.MOVE, status));
        return status;
    }

    private void bind(long address, int pageCount, int node) {
        assertEquals(
                Errno.OK,
                Mbind.call(
                        process,
                        address,
                        (long) pageCount * PAGE,
                        MempolicyMode.BIND,
                        1L << node,
                        0));
    }

    private long count(NumaStat.Event event) {
        return emulator.machine().numa().stat().get(event);
    }

    @Test
    @Tag("T-11.1")
    void onlyWhoNamesTheMemoryGetsIt() {
        long address = map(2 * NODE_PAGES - 600);
        cpuWrites(address, pattern(2 * NODE_PAGES - 600, 1));
        assertEquals(NODE_PAGES, free(ISOLATED));
        assertTrue(free(OPEN) < 1000, "RAM was full");
        assertEquals(0, pagesOn(2));
        long bound = map(100);
        bind(bound, 100, ISOLATED);
        cpuWrites(bound, pattern(100, 2));
        assertEquals(NODE_PAGES - 100, free(ISOLATED));
        assertMigrates(device2, address, 50);
        assertEquals(50, pagesOn(2));
        assertEquals(ISOLATED, node(page(bound, 99)));
        assertCpuReads(address, pattern(2 * NODE_PAGES - 600, 1));
        assertCpuReads(bound, pattern(100, 2));
    }

    @Test
    @Tag("T-11.2")
    @Tag("T-11.3")
    void deviceAndHostCopyTheSameToTheDestinationsThatWereChosen() {
        int pages = 300;
        long byDevice = map(pages);
        cpuWrites(byDevice, pattern(pages, 3));
        for (int status : move(byDevice, pages, ISOLATED)) {
            assertEquals(ISOLATED, status);
        }
        FolioMigration migration = emulator.machine().folioMigration();
        assertEquals(pages, migration.get(FolioMigration.Event.OFFLOADED_PAGES));
        migration.set(MigrateOffloadPlan.OFF.setting(Optional.empty()));
        long byHost = map(pages);
        cpuWrites(byHost, pattern(pages, 3));
        move(byHost, pages, ISOLATED);
        assertEquals(pages, migration.get(FolioMigration.Event.OFFLOADED_PAGES));
        for (int i = 0; i < pages; i++) {
            MemorySegment device = emulator.machine().ram().bytes(pageAt(page(byDevice, i)));
            MemorySegment host = emulator.machine().ram().bytes(pageAt(page(byHost, i)));
            assertBytes(host, device);
        }
        move(byDevice, pages, OPEN);
        assertEquals(OPEN, node(page(byDevice, pages - 1)), "between two nodes");
        move(byDevice, pages, 0);
        assertCpuReads(byDevice, pattern(pages, 3));
        assertEquals(NODE_PAGES - pages, free(ISOLATED));
        assertEquals(NODE_PAGES, free(OPEN));
    }

    @Test
    @Tag("T-11.3")
    void deviceReadsAndWritesThePagesOfTheNodeWhereTheyAre() {
        long address = map(8);
        bind(address, 8, ISOLATED);
        cpuWrites(address, pattern(8, 4));
        assertDeviceReads(device0, address, pattern(8, 4), 1);
        assertDeviceWrites(device0, page(address, 2), pattern(3, 5), 0);
        CopyStatistics commands = emulator.device(0).copyEngine().statistics();
        assertEquals(8, commands.deviceReads().pages());
        assertEquals(3, commands.deviceWrites().pages());
        assertEquals(ISOLATED, node(address));
        assertCpuReads(page(address, 2), pattern(3, 5));
        assertCpuReads(page(address, 5), pattern(8, 4).asSlice(5L * PAGE));
        assertEquals(0, pagesOn(0));
    }

    @Test
    @Tag("T-11.3")
    void kernelOfTheDeviceSeesWhatTheCpuStoredInEitherKindOfPage() {
        int pages = 20;
        long onNode = map(pages);
        bind(onNode, pages, ISOLATED);
        cpuWrites(onNode, pattern(pages, 6));
        long onDevice = map(pages);
        cpuWrites(onDevice, pattern(pages, 6));
        assertMigrates(device2, onDevice, pages);
        long[] sums = new long[pages];
        CopyDevice owner = emulator.nodeDevice(ISOLATED);
        try (PageSums kernel = new PageSums(owner, pages)) {
            for (int round = 7; round < 10; round++) {
                kernel.of(owner.systemPages(), pagesAt(onNode, pages), pages, sums);
                long[] ofNode = sums.clone();
                kernel.of(emulator.device(2).memory(), pagesAt(onDevice, pages), pages, sums);
                assertArrayEquals(ofNode, sums);
                MemorySegment expected = pattern(pages, round - 1);
                for (int i = 0; i < pages; i++) {
                    assertEquals(PageChecksum.of(expected, (long) i * PAGE, PAGE), sums[i]);
                }
                cpuWrites(onNode, pattern(pages, round));
                cpuWrites(onDevice, pattern(pages, round));
            }
        }
    }

    private long[] pagesAt(long address, int count) {
        long[] pages = new long[count];
        for (int i = 0; i < count; i++) {
            pages[i] = pageAt(page(address, i));
        }
        return pages;
    }

    @Test
    void pagesOfTheNodeAreOnTheLruAndThoseOfTheDeviceAreNot() {
        long address = map(2);
        cpuWrites(address, pattern(2, 1));
        assertMigrates(device2, address, 1);
        move(page(address, 1), 1, OPEN);
        assertTrue(Page.isDeviceCoherent(pageAt(address)));
        assertEquals(0, emulator.machine().folios().flags(pageAt(address)) & FolioFlags.LRU);
        assertTrue(emulator.machine().folios().hasFlag(pageAt(page(address, 1)), FolioFlags.LRU));
        assertEquals(OPEN, node(page(address, 1)));
    }

    @Test
    void coldPagesSinkToTheNodeAndComeBackWhenTheyAreUsed() {
        emulator.machine().numa().setDemotionEnabled(true);
        int pages = NODE_PAGES + 1000;
        long address = map(pages);
        bind(address, pages, 0);
        cpuWrites(address, pattern(pages, 7));
        long demoted = count(NumaStat.Event.PGDEMOTE_DIRECT);
        assertTrue(demoted >= 1000, () -> "demoted " + demoted);
        assertEquals(NODE_PAGES, free(ISOLATED));
        assertDeviceReads(device0, address, pattern(16, 7), 1);
        assertEquals(
                Errno.OK,
                Mbind.call(process, address, (long) pages * PAGE, MempolicyMode.DEFAULT, 0, 0));
        assertEquals(Errno.OK, process.munmap(page(address, 2000), 2000L * PAGE));
        assertTrue(NumaBalancing.scan(process) > 0);
        EmulatorInvariants.assertHold(emulator);
        assertCpuReads(address, pattern(2000, 7));
        assertTrue(count(NumaStat.Event.PGPROMOTE_SUCCESS) > 0);
        assertEquals(0, node(address));
        assertDeviceReads(device0, address, pattern(16, 7), 1);
    }

    @Test
    @Tag("T-11.5")
    void brokenPageOfEitherKindIsAnErrorToCpuAndDeviceAndTheOthersAreUnaffected() {
        emulator.device(2).setHandlesMemoryFailure(true);
        long onNode = map(3);
        bind(onNode, 3, ISOLATED);
        long onDevice = map(3);
        cpuWrites(onNode, pattern(3, 8));
        cpuWrites(onDevice, pattern(3, 8));
        assertMigrates(device2, onDevice, 3);
        for (long address : new long[] {onNode, onDevice}) {
            assertDeviceReads(device0, address, pattern(3, 8), 1);
            long broken = pageAt(page(address, 1));
            assertEquals(
                    Recovery.RECOVERED, emulator.machine().memoryFailure().fail(broken).recovery());
            assertEquals(FaultResult.HWPOISON, cpu.read(page(address, 1), buffer(1)));
            assertEquals(
                    failure(Errno.EFAULT),
                    device0.execute(new DmirrorCommand.Read(page(address, 1), 1, buffer(1))));
            assertCpuReads(address, pattern(1, 8));
            assertCpuReads(page(address, 2), pattern(3, 8).asSlice(2L * PAGE));
            assertDeviceReads(device0, address, pattern(1, 8), 0);
        }
        EmulatorInvariants.assertHold(emulator);
    }

    @Test
    void pagesOfTheNodeMigrateToADeviceAndBackLikeOthers() {
        long address = map(64);
        bind(address, 64, ISOLATED);
        cpuWrites(address, pattern(64, 9));
        assertMigrates(device0, address, 64);
        assertEquals(NODE_PAGES, free(ISOLATED));
        assertCpuReads(address, pattern(64, 9));
        assertEquals(0, node(address), "a fault brings a page to RAM");
    }

    @Test
    void deviceThatDoesNotUseHostMemoryInPlaceHasNoNode() {
        EmulatorConfig apart = emulator.config().withInPlace(false);
        assertThrows(IllegalArgumentException.class, () -> new Emulator(apart));
        assumeTrue(emulator.config().coherentNodes().size() == 2);
        assertThrows(IllegalArgumentException.class, () -> emulator.nodeDevice(3));
        List<CoherentNode> nodes = emulator.config().coherentNodes();
        assertEquals(HostMemory.NODE_ALIGNMENT, 4L << 20);
        assertEquals(2, nodes.size());
    }
}
