package farpage.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.copy.CopyDevice;
import farpage.emulator.copy.CopyEngine;
import farpage.emulator.copy.CopyMethod;
import farpage.emulator.copy.CopyPlan;
import farpage.emulator.devmem.Compactor;
import farpage.emulator.devmem.DeviceFolioCounters;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.devmem.DeviceMemoryStatistics;
import farpage.emulator.devmem.Evictor;
import farpage.emulator.devmem.PrivateChunks;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFault;
import farpage.mm.lock.HeldRanks;
import farpage.mm.memory.FolioOrders;
import farpage.mm.zonedevice.DevicePrivateOps;
import farpage.opencl.ClBinding;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.testing.opencl.FakeClBinding;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Folios of every order in two chunks of device memory, against the plainest account of them.
final class DeviceMemoryTest {
    private static final int CHUNK_PAGES = 4 * 512;
    private static final int CHUNKS = 2;
    private static final int[] ORDERS = {0, 2, 3, 4, 5, 6, 7, 8, 9};

    private final ClBinding binding = FakeClBinding.open();
    private final ClDevice device = binding.devices().getFirst();
    private final ClContext context = binding.createContext(device);
    private final Machine machine = new Machine(1 << 20);
    private final CopyDevice copyDevice = CopyDevice.open(context, device, machine.ram().segment());
    private DeviceMemory memory;
    private CopyEngine engine;

    /// The driver that gives pages back to the memory.
    private final class Driver implements DevicePrivateOps {
        @Override
        public void folioFree(long page, int order) {
            memory.free(page, order);
        }

        @Override
        public void pagesFree(long firstPage, int count) {
            memory.freePages(firstPage, count);
        }

        @Override
        public FaultResult migrateToRam(PageFault fault) {
            return FaultResult.SIGBUS;
        }
    }

    @BeforeEach
    void makeMemory() {
        memory = newMemory(FolioOrders.ALL, CHUNK_PAGES);
        engine = new CopyEngine(copyDevice, memory, CopyPlan.only(CopyMethod.DIRECT), () -> 0);
        memory.lock();
    }

    private DeviceMemory newMemory(FolioOrders orders, int chunkPages) {
        return new DeviceMemory(
                machine,
                new PrivateChunks(
                        copyDevice,
                        new Driver(),
                        this,
                        PageSize.pageAddress(chunkPages),
                        PageSize.pageAddress((long) CHUNKS * CHUNK_PAGES),
                        Optional.empty()),
                PageSize.pageAddress((long) CHUNKS * CHUNK_PAGES),
                PageSize.pageAddress(chunkPages),
                device.info().maxAllocation(),
                orders);
    }

    @AfterEach
    void nothingIsLeft() {
        assertEquals(memory.totalPageCount(), memory.freePageCount());
        assertEquals(
                Errno.OK,
                new Evictor(machine, memory, engine, new Compactor(machine, memory, engine))
                        .releaseAll());
        memory.unlock();
        assertTrue(HeldRanks.holdsNothing(), HeldRanks::describe);
        memory.close();
        engine.close();
        copyDevice.close();
        assertEquals(List.of(), context.openObjects());
        context.close();
        binding.close();
        machine.close();
    }

    private long allocateOne(int order) {
        long[] pages = new long[1];
        return memory.allocate(pages, 1, order) == 1 ? pages[0] : Page.NONE;
    }

    private void free(long page) {
        machine.folios().unlock(page);
        machine.put(page);
    }

    private DeviceFolioCounters counters(int order) {
        return memory.statistics().folios().get(order);
    }

    @Test
    void aFolioIsAlignedByNumberAndInItsBuffer() {
        memory.grow((long) CHUNKS * CHUNK_PAGES);
        for (int order : ORDERS) {
            long first = allocateOne(0);
            long page = allocateOne(order);
            assertEquals(0, Page.devicePfn(page) & ((1 << order) - 1));
            assertEquals(0, memory.offset(page) & ((PageSize.PAGE_SIZE << order) - 1));
            assertEquals(order, machine.folios().order(page));
            assertTrue(machine.folios().isLocked(page));
            assertEquals(1, machine.folios().refCount(page));
            free(first);
            free(page);
        }
    }

    @Test
    @Tag("T-1.6")
    void pagesOfAFreedLargeFolioAreSmallOnesOfTheSamePagemap() {
        memory.grow(CHUNK_PAGES);
        long large = allocateOne(FolioOrders.MAX_ORDER);
        free(large);
        long[] pages = new long[CHUNK_PAGES];
        assertEquals(CHUNK_PAGES, memory.allocate(pages, CHUNK_PAGES, 0));
        for (long page : pages) {
            assertEquals(0, machine.folios().order(page));
            assertEquals(1, machine.folios().refCount(page));
            assertSame(memory.chunk(large).pagemap(), machine.pagemap(page));
            free(page);
        }
        assertEquals(CHUNK_PAGES, memory.freePageCount(FolioOrders.MAX_ORDER));
    }

    @Test
    void growingForAnOrderLooksAtPiecesOfThatSizeOnly() {
        memory.grow(1);
        long[] pages = new long[CHUNK_PAGES];
        memory.allocate(pages, CHUNK_PAGES, 0);
        for (int i = 0; i < CHUNK_PAGES; i += 2) {
            free(pages[i]);
        }
        assertEquals(CHUNK_PAGES / 2, memory.freePageCount(0));
        assertEquals(0, memory.freePageCount(2));
        assertEquals(Page.NONE, allocateOne(2));
        assertEquals(1, counters(2).fallback());
        assertEquals(CHUNK_PAGES, memory.grow(4, 2));
        long folio = allocateOne(2);
        assertEquals(2, memory.chunks().size());
        free(folio);
        for (int i = 1; i < CHUNK_PAGES; i += 2) {
            free(pages[i]);
        }
    }

    @Test
    void ordersThatTheDeviceDoesNotAllowAreRefused() {
        DeviceMemory pmdOnly = newMemory(FolioOrders.PMD, CHUNK_PAGES);
        memory.unlock();
        pmdOnly.lock();
        assertThrows(IllegalArgumentException.class, () -> pmdOnly.allocate(new long[1], 1, 4));
        pmdOnly.unlock();
        pmdOnly.close();
        memory.lock();
    }

    @Test
    void chunksThatAreTooSmallForAnOrderAreNotMadeForIt() {
        DeviceMemory small = newMemory(FolioOrders.ALL, 256);
        memory.unlock();
        small.lock();
        assertEquals(0, small.grow(512, 9));
        assertEquals(0, small.chunks().size());
        small.unlock();
        small.close();
        memory.lock();
    }

    /// A folio in use.
    private record Folio(long page, int order) {}

    @Test
    void randomFoliosNeverOverlapAndWhatIsFreeCanBeHad() {
        SplittableRandom random = new SplittableRandom(11);
        memory.grow((long) CHUNKS * CHUNK_PAGES);
        long base = memory.chunks().getFirst().pagemap().page(0);
        BitSet[] used = {new BitSet(CHUNK_PAGES), new BitSet(CHUNK_PAGES)};
        List<Folio> folios = new ArrayList<>();
        for (int step = 0; step < 4000; step++) {
            int order = ORDERS[random.nextInt(ORDERS.length)];
            boolean allocates = random.nextInt(100) < (step / 500 % 2 == 0 ? 60 : 40);
            if (allocates) {
                long page = allocateOne(order);
                assertEquals(page != Page.NONE, hasRoom(used, order), "order " + order);
                if (page != Page.NONE) {
                    mark(used, new Folio(page, order), base, true);
                    folios.add(new Folio(page, order));
                }
            } else if (!folios.isEmpty()) {
                Folio folio = folios.remove(random.nextInt(folios.size()));
                mark(used, folio, base, false);
                free(folio.page());
            }
        }
        long live = 0;
        for (Folio folio : folios) {
            live += 1L << folio.order();
        }
        DeviceMemoryStatistics statistics = memory.statistics();
        assertEquals(live, statistics.livePages());
        assertEquals(live, statistics.allocatedPages() - statistics.freedPages());
        for (int order : ORDERS) {
            int expected = order;
            long count = folios.stream().filter(folio -> folio.order() == expected).count();
            assertEquals(count, counters(order).allocated() - counters(order).freed());
        }
        folios.forEach(folio -> free(folio.page()));
        assertEquals((long) CHUNKS * CHUNK_PAGES, memory.freePageCount(FolioOrders.MAX_ORDER));
    }

    private void mark(BitSet[] used, Folio folio, long base, boolean on) {
        int chunk = memory.chunk(folio.page()) == memory.chunk(base) ? 0 : 1;
        int first = memory.chunk(folio.page()).pagemap().index(folio.page());
        int end = first + (1 << folio.order());
        if (on) {
            assertTrue(used[chunk].get(first, end).isEmpty(), "handed out twice");
        } else {
            assertFalse(used[chunk].get(first, end).isEmpty());
        }
        used[chunk].set(first, end, on);
    }

    private static boolean hasRoom(BitSet[] used, int order) {
        for (BitSet chunk : used) {
            for (int at = 0; at < CHUNK_PAGES; at += 1 << order) {
                if (chunk.get(at, at + (1 << order)).isEmpty()) {
                    return true;
                }
            }
        }
        return false;
    }

    @Test
    void countersAreNamedLikeTheFoldersOfHugePages() {
        assertEquals("hugepages-2048kB", counters(9).folder());
        assertEquals("hugepages-16kB", counters(2).folder());
    }
}
