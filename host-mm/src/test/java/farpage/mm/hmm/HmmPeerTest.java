package farpage.mm.hmm;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.hmm.HmmDmaMap.Allocation;
import farpage.mm.hmm.P2pdmaRoutes.Route;
import farpage.mm.memory.FolioOrders;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.Arrays;
import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// A device that takes pages of another one where they lie.
final class HmmPeerTest {
    private static final int PAGES = 8;
    private static final long FAULT = HmmPfn.REQ_FAULT;
    private static final long WRITE = HmmPfn.REQ_FAULT | HmmPfn.REQ_WRITE;

    @RegisterExtension final TestMachine machine = new TestMachine(2048);
    private final TestDevice client = machine.newDevice(16);
    private final TestDevice owner = machine.newDevice(512);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(PAGES);
    private final EventLog mirror = new EventLog(process.mm());
    private final long[] words = new long[PAGES];

    @BeforeEach
    void export() {
        owner.exportPages(page -> page);
        process.storeRow(address, PAGES, 1);
        owner.pull(process, address, PAGES);
    }

    private Errno fill(long start, long[] to, int count, long flags, long mask) {
        Errno errno = Errno.EBUSY;
        for (int attempt = 0; attempt < 10 && errno == Errno.EBUSY; attempt++) {
            long sequence = mirror.notifier().readBegin();
            process.mm().lockRead();
            errno =
                    HmmRangeFault.fill(
                            new HmmRange(
                                    process.mm(),
                                    mirror.notifier(),
                                    sequence,
                                    start,
                                    page(start, count),
                                    to,
                                    flags,
                                    mask,
                                    client));
            process.mm().unlockRead();
        }
        return errno;
    }

    private Errno fill(long flags, long mask) {
        return fill(address, words, PAGES, flags, mask);
    }

    private void assertPeer(int index, boolean writable) {
        long word = words[index];
        assertTrue(HmmPfn.isValid(word));
        assertEquals(process.pageAt(page(address, index)), HmmPfn.page(word));
        assertEquals(writable, HmmPfn.isWritable(word));
        assertTrue(HmmPfn.allowsP2p(word));
    }

    @Test
    @Tag("T-12.1")
    void pagesOfAnotherDeviceAreAnsweredAndStay() {
        assertEquals(Errno.OK, fill(WRITE | HmmPfn.ALLOW_P2P, 0));
        for (int i = 0; i < PAGES; i++) {
            assertPeer(i, true);
        }
        assertEquals(0, owner.ramCalls());
        Arrays.fill(words, 0);
        assertEquals(Errno.OK, fill(HmmPfn.ALLOW_P2P, 0), "also to look at");
        assertPeer(0, true);
    }

    @Test
    @Tag("T-12.1")
    void flagIsAskedForPageByPageToo() {
        words[2] = HmmPfn.ALLOW_P2P;
        words[3] = HmmPfn.ALLOW_P2P;
        assertEquals(Errno.OK, fill(FAULT, HmmPfn.ALLOW_P2P));
        for (int i = 0; i < PAGES; i++) {
            assertEquals(i == 2 || i == 3, owner.holds(process, page(address, i)), "page " + i);
            assertTrue(HmmPfn.isValid(words[i]));
        }
        assertPeer(2, true);
        words[4] = HmmPfn.ALLOW_P2P;
        owner.pull(process, address, PAGES);
        assertEquals(Errno.OK, fill(0, 0), "the bits of the words are masked");
        assertFalse(HmmPfn.isValid(words[4]));
        assertTrue(HmmPfn.allowsP2p(words[4]), "but stay");
    }

    @Test
    @Tag("T-12.2")
    void pageThatTheDriverHasNoWayToComesToRam() {
        owner.exportPages(page -> page == process.pageAt(address) ? page : Page.NONE);
        assertEquals(Errno.OK, fill(FAULT | HmmPfn.ALLOW_P2P, 0));
        assertPeer(0, true);
        for (int i = 1; i < PAGES; i++) {
            assertFalse(Page.isDevice(HmmPfn.page(words[i])));
        }
        assertEquals(PAGES - 1, owner.ramCalls());
        process.assertRow(address, PAGES, 1);
    }

    @Test
    @Tag("T-12.2")
    void withoutTheFlagThePageComesToRam() {
        assertEquals(Errno.OK, fill(FAULT, 0));
        assertEquals(PAGES, owner.ramCalls());
    }

    @Test
    @Tag("T-12.5")
    void pagesOfOnesOwnAreAnsweredBeforeAnythingIsAsked() {
        client.exportPages(_ -> {
            throw new AssertionError("asked for an own page");
        });
        owner.push(process, address, 1);
        client.pull(process, address, 1);
        assertEquals(Errno.OK, fill(FAULT | HmmPfn.ALLOW_P2P, 0));
        assertEquals(HmmPfn.of(process.pageAt(address), true, 0), words[0]);
        assertPeer(1, true);
    }

    @Test
    @Tag("T-12.6")
    void writeToAReadTypePageIsValidWithoutWrite() {
        process.protect(address, PAGES, TestProcess.READ_WRITE | VmFlags.EXEC);
        assertEquals(Errno.OK, fill(WRITE | HmmPfn.ALLOW_P2P, 0));
        assertPeer(0, false);
        assertEquals(0, owner.ramCalls());
    }

    @Test
    void largeFolioIsAnsweredPageByPage() {
        long huge = 1L << 30;
        owner.evict();
        owner.useOrders(FolioOrders.PMD);
        process.mapHugeAt(huge, 1);
        process.storeHuge(huge);
        owner.pull(process, huge, PageSize.ENTRIES_PER_TABLE);
        assertEquals(Errno.OK, fill(page(huge, 40), words, PAGES, FAULT | HmmPfn.ALLOW_P2P, 0));
        for (int i = 0; i < PAGES; i++) {
            assertEquals(process.pageAt(page(huge, 40 + i)), HmmPfn.page(words[i]));
            assertEquals(PageSize.HPAGE_PMD_ORDER, HmmPfn.order(words[i]));
        }
    }

    // Mapping.

    /// A client's IOMMU that can not map some pages of other devices.
    private static final class Iommu implements DmaDevice {
        private final Set<Long> refused = new HashSet<>();
        private final Set<Long> mapped = new HashSet<>();

        @Override
        public boolean needsSync() {
            return false;
        }

        @Override
        public boolean isAddressingLimited() {
            return false;
        }

        @Override
        public boolean needsUnmap() {
            return true;
        }

        @Override
        public OptionalLong allocateIova(long size) {
            return OptionalLong.empty();
        }

        @Override
        public void freeIova(long start, long size) {
            throw new AssertionError("none was reserved");
        }

        @Override
        public boolean link(long at, long page, long size, boolean mmio) {
            throw new AssertionError("none was reserved");
        }

        @Override
        public void unlink(long at, long size, boolean mmio) {
            throw new AssertionError("none was reserved");
        }

        @Override
        public long map(long page, long size, boolean mmio) {
            assertEquals(Page.isDevice(page), mmio);
            if (refused.contains(page)) {
                return MAPPING_ERROR;
            }
            mapped.add(page);
            return page << PageSize.PAGE_SHIFT;
        }

        @Override
        public void unmap(long at, long size, boolean mmio) {
            assertTrue(mapped.remove(at >>> PageSize.PAGE_SHIFT));
        }
    }

    private record Routes(Route toDevices) implements P2pdmaRoutes {
        @Override
        public Route route(long page) {
            return Page.isDevice(page) ? toDevices : Route.NONE;
        }

        @Override
        public long busAddress(long page) {
            return page;
        }
    }

    /// What a driver does: fill, map, and for pages that can not be mapped clear the flag and begin
    /// again.
    ///
    /// @return how many calls of `hmm_range_fault` it took
    private int faultAndMap(HmmDmaMap map, P2pdmaRoutes routes) {
        Arrays.fill(map.hmmPfns(), HmmPfn.ALLOW_P2P);
        for (int calls = 1; calls < 4; calls++) {
            assertEquals(Errno.OK, fill(address, map.hmmPfns(), PAGES, FAULT, HmmPfn.ALLOW_P2P));
            boolean failed = false;
            for (int i = 0; i < PAGES; i++) {
                if (map.map(i, routes) == DmaDevice.MAPPING_ERROR) {
                    map.hmmPfns()[i] &= ~HmmPfn.ALLOW_P2P;
                    failed = true;
                }
            }
            if (!failed) {
                return calls;
            }
        }
        throw new AssertionError("still not mapped");
    }

    private static void unmapAll(HmmDmaMap map) {
        for (int i = 0; i < PAGES; i++) {
            assertTrue(map.unmap(i));
        }
        map.close();
    }

    private static HmmDmaMap newMap(DmaDevice device) {
        Allocation allocation = HmmDmaMap.allocate(device, PAGES, PageSize.PAGE_SIZE);
        return assertInstanceOf(Allocation.Allocated.class, allocation).map();
    }

    @Test
    @Tag("T-12.3")
    void onlyThePageThatCanNotBeMappedComesToRam() {
        Iommu iommu = new Iommu();
        HmmDmaMap map = newMap(iommu);
        iommu.refused.add(process.pageAt(page(address, 3)));
        assertEquals(2, faultAndMap(map, new Routes(Route.THRU_HOST_BRIDGE)));
        for (int i = 0; i < PAGES; i++) {
            assertEquals(i != 3, owner.holds(process, page(address, i)), "page " + i);
        }
        assertEquals(1, owner.ramCalls());
        assertEquals(PAGES, iommu.mapped.size());
        unmapAll(map);
        assertEquals(Set.of(), iommu.mapped);
    }

    @Test
    @Tag("T-12.3")
    void pagesOfADeviceThatThereIsNoWayToComeToRam() {
        HmmDmaMap map = newMap(new Iommu());
        assertEquals(2, faultAndMap(map, new Routes(Route.NOT_SUPPORTED)));
        assertEquals(PAGES, owner.ramCalls());
        unmapAll(map);
    }

    @Test
    @Tag("T-12.1")
    void pageBehindTheSameSwitchIsMappedByItsAddressOnTheBus() {
        Iommu iommu = new Iommu();
        HmmDmaMap map = newMap(iommu);
        assertEquals(1, faultAndMap(map, new Routes(Route.BUS_ADDR)));
        assertEquals(Set.of(), iommu.mapped);
        unmapAll(map);
    }
}
