package farpage.mm.numa;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.fault.FaultResult;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.memcg.MemCgroup;
import farpage.mm.memory.FolioFlags;
import farpage.mm.mempolicy.Mbind;
import farpage.mm.mempolicy.MempolicyFlags;
import farpage.mm.mempolicy.MempolicyMode;
import farpage.mm.mempolicy.MovePages;
import farpage.mm.mempolicy.RelocatePages;
import farpage.mm.migrate.FolioDestinations;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Pages that move between nodes because somebody asked for it.
@Tag("T-11.2")
final class NodeMigrationTest {
    private static final int NODE_PAGES = 2048;
    private static final MemoryNode ISOLATED =
            MemoryNode.ofSize(4096L * NODE_PAGES).withIsolation(true);
    private static final long BASE = 1L << 30;

    @RegisterExtension final TestMachine machine = new TestMachine(NODE_PAGES, ISOLATED, ISOLATED);

    private final TestDevice device = machine.newCoherentDevice(64);
    private final TestProcess process = machine.newProcess();

    private int node(long address) {
        return machine.machine().numa().node(process.pageAt(address));
    }

    private int[] move(long address, int pageCount, int node, int flags) {
        long[] addresses = new long[pageCount];
        int[] nodes = new int[pageCount];
        int[] status = new int[pageCount];
        for (int i = 0; i < pageCount; i++) {
            addresses[i] = page(address, i);
            nodes[i] = node;
        }
        assertEquals(Errno.OK, MovePages.move(process.mm(), addresses, nodes, flags, status));
        machine.check();
        return status;
    }

    @Test
    void destinationThatTheCallerChoseIsThePageThatIsMapped() {
        long address = process.map(4);
        process.storeRow(address, 4, 1);
        List<Long> chosen = new ArrayList<>();
        int[] status = new int[4];
        long[] addresses = new long[4];
        for (int i = 0; i < 4; i++) {
            addresses[i] = page(address, i);
        }
        FolioDestinations onNode = FolioDestinations.onNode(machine.machine(), 2);
        new RelocatePages(
                        machine.machine(),
                        (source, order) -> {
                            chosen.add(onNode.allocate(source, order));
                            return chosen.getLast();
                        },
                        MempolicyFlags.MOVE)
                .addresses(process.mm(), addresses, status);
        assertArrayEquals(new int[] {2, 2, 2, 2}, status);
        for (int i = 0; i < 4; i++) {
            assertEquals(chosen.get(i), process.pageAt(page(address, i)));
            assertEquals(2, node(page(address, i)));
            assertTrue(machine.folios().hasFlag(chosen.get(i), FolioFlags.LRU));
        }
        process.assertRow(address, 4, 1);
        assertEquals(4, machine.machine().usedPageCount());
    }

    @Test
    void coherentPageOfADeviceIsTheOneThatItsDriverChose() {
        long address = process.map(2);
        process.storeRow(address, 2, 1);
        device.pull(process, address, 2);
        long page = process.pageAt(address);
        assertTrue(device.pagemap().contains(page));
        assertFalse(machine.folios().hasFlag(page, FolioFlags.LRU), "never on an LRU");
        process.assertRow(address, 2, 1);
        assertArrayEquals(
                new int[] {-Errno.ENOENT.number(), -Errno.ENOENT.number()},
                move(address, 2, 1, MempolicyFlags.MOVE));
        assertEquals(page, process.pageAt(address), "it is on no node");
    }

    @Test
    void pagesMoveToANodeBetweenNodesAndBack() {
        long address = process.map(600);
        process.storeRow(address, 600, 3);
        for (int node : new int[] {1, 2, 1, 0}) {
            for (int status : move(address, 600, node, MempolicyFlags.MOVE)) {
                assertEquals(node, status);
            }
            assertEquals(node, node(page(address, 599)));
            process.assertRow(address, 600, 3);
        }
        assertEquals(NODE_PAGES, machine.machine().ram().freePageCount(1));
        assertEquals(NODE_PAGES, machine.machine().ram().freePageCount(2));
    }

    @Test
    void hugePageMovesWhole() {
        process.mapHugeAt(BASE, 1);
        process.storeHuge(BASE);
        assertEquals(1, move(BASE, 1, 1, MempolicyFlags.MOVE)[0]);
        assertTrue(process.isHuge(BASE));
        assertEquals(1, node(BASE));
        process.assertHuge(BASE);
        assertEquals(NODE_PAGES - 512, machine.machine().ram().freePageCount(1));
    }

    @Test
    void sharedPageMovesOnlyIfAskedForAndThenForAll() {
        long address = process.map(1);
        process.store(address, 7);
        TestProcess child = process.fork();
        assertEquals(-Errno.EACCES.number(), move(address, 1, 1, MempolicyFlags.MOVE)[0]);
        assertEquals(0, node(address));
        assertEquals(1, move(address, 1, 1, MempolicyFlags.MOVE_ALL)[0]);
        assertEquals(process.pageAt(address), child.pageAt(address));
        assertEquals(7, child.load(address));
    }

    @Test
    void pinnedPageStays() {
        long address = process.map(1);
        process.store(address, 7);
        long[] pinned = new long[1];
        assertEquals(
                1, GetUserPages.pinFast(process.mm(), address, 1, GupFlags.WRITE, pinned).count());
        long[] addresses = {address};
        int[] status = new int[1];
        assertEquals(
                Errno.OK,
                MovePages.move(
                        process.mm(), addresses, new int[] {1}, MempolicyFlags.MOVE, status));
        assertEquals(-Errno.EAGAIN.number(), status[0]);
        assertEquals(0, node(address));
        GetUserPages.unpin(machine.machine(), pinned, 1, true);
    }

    @Test
    void mbindMovesWhatIsElsewhereAndSaysWhatStrictlyIsNot() {
        long address = process.map(8);
        process.storeRow(address, 8, 1);
        long length = PageSize.pageAddress(8);
        assertEquals(
                Errno.EIO,
                Mbind.call(
                        process.mm(),
                        address,
                        length,
                        MempolicyMode.BIND,
                        0b010,
                        MempolicyFlags.STRICT));
        assertEquals(0, node(address));
        assertEquals(
                Errno.OK,
                Mbind.call(
                        process.mm(),
                        address,
                        length,
                        MempolicyMode.BIND,
                        0b010,
                        MempolicyFlags.STRICT | MempolicyFlags.MOVE));
        assertEquals(1, node(address));
        assertEquals(1, node(page(address, 7)));
        process.assertRow(address, 8, 1);
    }

    @Test
    void chargeGoesAlongAndPagesOfTheNodeCountInTheGroup() {
        MemCgroup group =
                machine.machine().memcgs().newGroup(machine.machine().memcgs().root(), "g");
        TestProcess charged = new TestProcess(machine.machine().newProcess(group));
        long address = charged.map(6);
        charged.storeRow(address, 6, 1);
        assertEquals(6 * 4096L, group.usage());
        long[] addresses = new long[6];
        for (int i = 0; i < 6; i++) {
            addresses[i] = page(address, i);
        }
        int[] status = new int[6];
        assertEquals(
                Errno.OK,
                MovePages.move(
                        charged.mm(),
                        addresses,
                        new int[] {1, 1, 1, 2, 2, 2},
                        MempolicyFlags.MOVE,
                        status));
        assertArrayEquals(new int[] {1, 1, 1, 2, 2, 2}, status);
        assertEquals(6 * 4096L, group.usage());
        charged.unmap(address, 6);
        assertEquals(0, group.usage());
    }

    @Test
    void nodeThatIsFullOrDoesNotExistTakesNothing() {
        long address = process.map(2);
        process.storeRow(address, 2, 1);
        long[] hog = new long[NODE_PAGES];
        for (int i = 0; i < NODE_PAGES; i++) {
            hog[i] = machine.machine().allocateFolioOn(1, 0);
        }
        long[] addresses = {address, page(address, 1)};
        int[] status = new int[2];
        assertEquals(
                Errno.OK,
                MovePages.move(
                        process.mm(), addresses, new int[] {1, 1}, MempolicyFlags.MOVE, status));
        assertArrayEquals(new int[] {-Errno.ENOMEM.number(), -Errno.ENOMEM.number()}, status);
        assertEquals(
                Errno.ENODEV,
                MovePages.move(
                        process.mm(), addresses, new int[] {2, 3}, MempolicyFlags.MOVE, status));
        assertEquals(2, node(address), "what came before the bad node has moved");
        machine.machine().putAll(hog, NODE_PAGES);
        assertEquals(FaultResult.HANDLED, process.tryStore(address, 1));
    }
}
