package farpage.mm.hmm;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.hmm.HmmDmaMap.Allocation;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// How a device comes to addresses for the pages of a range, and loses them.
final class HmmDmaMapTest {
    private static final int PAGES = 4;
    private static final long IOVA = 0x7000_0000L;
    private static final long ENTRY = PageSize.PAGE_SIZE;

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(PAGES);
    private final Iommu iommu = new Iommu();

    /// A device behind an IOMMU that remembers what is mapped where.
    private static final class Iommu implements DmaDevice {
        private final Map<Long, Long> pages = new TreeMap<>();
        private final Map<Long, Boolean> mmio = new TreeMap<>();
        private boolean needsSync;
        private boolean isAddressingLimited;
        private boolean hasIova = true;
        private boolean needsUnmap = true;
        private boolean fails;
        private int calls;
        private long reserved;

        @Override
        public boolean needsSync() {
            return needsSync;
        }

        @Override
        public boolean isAddressingLimited() {
            return isAddressingLimited;
        }

        @Override
        public boolean needsUnmap() {
            return needsUnmap;
        }

        @Override
        public OptionalLong allocateIova(long size) {
            if (!hasIova) {
                return OptionalLong.empty();
            }
            reserved = size;
            return OptionalLong.of(IOVA);
        }

        @Override
        public void freeIova(long start, long size) {
            assertEquals(IOVA, start);
            reserved -= size;
        }

        @Override
        public boolean link(long at, long page, long size, boolean isMmio) {
            return enter(at, page, isMmio);
        }

        private boolean enter(long at, long page, boolean isMmio) {
            calls++;
            if (!fails) {
                pages.put(at, page);
                mmio.put(at, isMmio);
            }
            return !fails;
        }

        @Override
        public void unlink(long at, long size, boolean isMmio) {
            assertEquals(mmio.remove(at), isMmio);
            assertTrue(pages.remove(at) != null, "nothing is linked there");
        }

        @Override
        public long map(long page, long size, boolean isMmio) {
            long at = needsUnmap ? IOVA + (calls + 1) * 0x10_0000L : PageSize.pageAddress(page);
            return enter(at, page, isMmio) ? at : MAPPING_ERROR;
        }

        @Override
        public void unmap(long at, long size, boolean isMmio) {
            assertTrue(needsUnmap, "nothing to undo");
            unlink(at, size, isMmio);
        }
    }

    private record Routes(Route only) implements P2pdmaRoutes {
        @Override
        public Route route(long page) {
            return only;
        }

        @Override
        public long busAddress(long page) {
            return 0xb0_0000_0000L + page;
        }
    }

    private HmmDmaMap allocate() {
        Allocation allocation = HmmDmaMap.allocate(iommu, PAGES, ENTRY);
        return assertInstanceOf(Allocation.Allocated.class, allocation).map();
    }

    private void fault(HmmDmaMap map, long flags) {
        try (EventLog mirror = new EventLog(process.mm())) {
            long end = page(address, PAGES);
            HmmRange range =
                    new HmmRange(
                            process.mm(),
                            mirror.notifier(),
                            0,
                            address,
                            end,
                            map.hmmPfns(),
                            flags,
                            0,
                            this);
            assertEquals(Errno.OK, HmmRangeFault.fillUnlocked(range, 0, () -> 0).errno());
        }
    }

    private HmmDmaMap faulted() {
        HmmDmaMap map = allocate();
        fault(map, HmmPfn.REQ_FAULT);
        return map;
    }

    private static void unmapAll(HmmDmaMap map) {
        for (int i = 0; i < PAGES; i++) {
            boolean wasMapped = HmmPfn.isDmaMapped(map.hmmPfns()[i]);
            assertEquals(wasMapped, map.unmap(i));
        }
        map.close();
    }

    // The map.

    @Test
    void deviceWhoseTransfersMayNeedCopiesIsRefused() {
        iommu.needsSync = true;
        assertEquals(
                new Allocation.Refused(Errno.EOPNOTSUPP), HmmDmaMap.allocate(iommu, PAGES, ENTRY));
        iommu.needsSync = false;
        iommu.isAddressingLimited = true;
        assertEquals(
                new Allocation.Refused(Errno.EOPNOTSUPP), HmmDmaMap.allocate(iommu, PAGES, ENTRY));
    }

    @Test
    void listThatIsTooLongIsNoMemory() {
        assertEquals(
                new Allocation.Refused(Errno.ENOMEM), HmmDmaMap.allocate(iommu, 1L << 28, ENTRY));
        assertEquals(0, iommu.reserved);
    }

    @Test
    void reservedAddressesAreGivenBack() {
        HmmDmaMap map = allocate();
        assertEquals(PAGES * ENTRY, iommu.reserved);
        map.close();
        assertEquals(0, iommu.reserved);
    }

    @Test
    void mapIsNotClosedWithAPageMapped() {
        HmmDmaMap map = faulted();
        map.map(0, P2pdmaRoutes.NONE);
        assertThrows(AssertionError.class, map::close);
        unmapAll(map);
    }

    // Pages.

    @Test
    void pagesLieInARowWhereAddressesCanBeReserved() {
        HmmDmaMap map = faulted();
        for (int i = 0; i < PAGES; i++) {
            assertEquals(IOVA + i * ENTRY, map.map(i, P2pdmaRoutes.NONE));
            assertTrue(HmmPfn.isDmaMapped(map.hmmPfns()[i]));
            assertEquals(process.pageAt(page(address, i)), iommu.pages.get(IOVA + i * ENTRY));
        }
        unmapAll(map);
        assertEquals(Map.of(), iommu.pages);
    }

    @Test
    @Tag("T-4.7")
    void pageStaysMappedWhileItsWordIsFilledAgain() {
        for (int i = 0; i < PAGES; i++) {
            process.store(page(address, i), i);
        }
        HmmDmaMap map = faulted();
        long first = map.map(0, P2pdmaRoutes.NONE);
        fault(map, HmmPfn.REQ_FAULT | HmmPfn.REQ_WRITE);
        assertTrue(HmmPfn.isWritable(map.hmmPfns()[0]));
        assertTrue(HmmPfn.isDmaMapped(map.hmmPfns()[0]));
        assertFalse(HmmPfn.isDmaMapped(map.hmmPfns()[1]));
        assertEquals(first, map.map(0, P2pdmaRoutes.NONE));
        assertEquals(1, iommu.calls, "it was not mapped again");
        unmapAll(map);
    }

    @Test
    void addressesAreRememberedWhereTheyMustBeUndone() {
        iommu.hasIova = false;
        HmmDmaMap map = faulted();
        long second = map.map(1, P2pdmaRoutes.NONE);
        long third = map.map(2, P2pdmaRoutes.NONE);
        assertEquals(second, map.map(1, P2pdmaRoutes.NONE));
        assertEquals(third, map.map(2, P2pdmaRoutes.NONE));
        assertEquals(2, iommu.calls);
        unmapAll(map);
        assertEquals(Map.of(), iommu.pages);
    }

    @Test
    void mappingWithoutStateIsMadeAnewAtTheSameAddress() {
        iommu.hasIova = false;
        iommu.needsUnmap = false;
        HmmDmaMap map = faulted();
        long first = map.map(0, P2pdmaRoutes.NONE);
        assertEquals(first, map.map(0, P2pdmaRoutes.NONE));
        assertEquals(2, iommu.calls);
        assertTrue(map.unmap(0));
        assertFalse(map.unmap(0));
        map.close();
    }

    @Test
    void failedMappingLeavesNoMark() {
        HmmDmaMap map = faulted();
        long before = map.hmmPfns()[0];
        iommu.fails = true;
        for (P2pdmaRoutes routes :
                List.of(P2pdmaRoutes.NONE, new Routes(P2pdmaRoutes.Route.THRU_HOST_BRIDGE))) {
            assertEquals(DmaDevice.MAPPING_ERROR, map.map(0, routes));
            assertEquals(before, map.hmmPfns()[0]);
        }
        assertFalse(map.unmap(0));
        map.close();
    }

    @Test
    void wordThatIsNotValidIsNotUnmapped() {
        HmmDmaMap map = faulted();
        map.map(0, P2pdmaRoutes.NONE);
        long word = map.hmmPfns()[0];
        map.hmmPfns()[0] = word & HmmPfn.STICKY; // as a snapshot of an entry that is gone
        assertFalse(map.unmap(0));
        map.hmmPfns()[0] = word;
        unmapAll(map);
    }

    // Pages of other devices.

    @Test
    void pageBehindTheHostBridgeIsMappedAsDeviceMemory() {
        HmmDmaMap map = faulted();
        P2pdmaRoutes routes = new Routes(P2pdmaRoutes.Route.THRU_HOST_BRIDGE);
        assertEquals(IOVA, map.map(0, routes));
        assertEquals(true, iommu.mmio.get(IOVA));
        assertEquals(HmmPfn.DMA_MAPPED | HmmPfn.P2PDMA, map.hmmPfns()[0] & HmmPfn.STICKY);
        assertTrue(map.unmap(0));
        assertEquals(0, map.hmmPfns()[0] & HmmPfn.STICKY);
        map.close();
    }

    @Test
    void pageOnTheSameBusIsAddressedWithoutTheIommu() {
        HmmDmaMap map = faulted();
        P2pdmaRoutes routes = new Routes(P2pdmaRoutes.Route.BUS_ADDR);
        long expected = routes.busAddress(HmmPfn.page(map.hmmPfns()[0]));
        assertEquals(expected, map.map(0, routes));
        assertEquals(expected, map.map(0, routes));
        assertEquals(HmmPfn.DMA_MAPPED | HmmPfn.P2PDMA_BUS, map.hmmPfns()[0] & HmmPfn.STICKY);
        assertTrue(map.unmap(0));
        assertEquals(0, iommu.calls);
        map.close();
    }

    @Test
    void pageThatTheDeviceCanNotReachIsAnError() {
        HmmDmaMap map = faulted();
        long before = map.hmmPfns()[0];
        P2pdmaRoutes routes = new Routes(P2pdmaRoutes.Route.NOT_SUPPORTED);
        assertEquals(DmaDevice.MAPPING_ERROR, map.map(0, routes));
        assertEquals(before, map.hmmPfns()[0]);
        map.close();
    }
}
