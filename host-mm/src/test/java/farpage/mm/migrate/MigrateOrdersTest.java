package farpage.mm.migrate;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.hugememory.HugePageCounters.SizeEvent;
import farpage.mm.hugememory.HugePages;
import farpage.mm.memory.FolioOrders;
import farpage.mm.memory.FolioTable;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Folios of every size between a base page and 2 MiB, which Linux 7.0 has in memory only, on a
/// device.
final class MigrateOrdersTest {
    private static final long ADDRESS = 1L << 30;
    private static final int PAGES = PageSize.ENTRIES_PER_TABLE;

    @RegisterExtension final TestMachine machine = new TestMachine(4096);
    private final TestDevice device = machine.newDevice(4 * PAGES);
    private final TestProcess process = machine.newProcess();
    private final FolioTable folios = machine.folios();
    private final HugePages hugePages = machine.machine().hugePages();

    @BeforeEach
    void map() {
        hugePages.setEnabled(PageSize.HPAGE_PMD_ORDER, HugePages.Enabled.NEVER);
        device.useOrders(FolioOrders.ALL);
        process.mapHugeAt(ADDRESS, 1);
    }

    private void use(int order) {
        hugePages.setEnabled(order, HugePages.Enabled.MADVISE);
    }

    private void assertOrders(int order) {
        for (int i = 0; i < PAGES; i++) {
            assertEquals(order, folios.order(process.pageAt(page(ADDRESS, i))), "page " + i);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8, 9})
    void foliosOfAnOrderMoveWholeAndBack(int order) {
        use(order);
        process.storeHuge(ADDRESS);
        assertOrders(order);
        assertEquals(PAGES >> order, hugePages.counters().get(SizeEvent.ANON_FAULT_ALLOC, order));
        assertEquals(PAGES >> order, device.pull(process, ADDRESS, PAGES));
        for (int i = 0; i < PAGES; i++) {
            assertTrue(device.holds(process, page(ADDRESS, i)));
        }
        assertOrders(order);
        machine.check();
        assertEquals(PAGES >> order, device.push(process, ADDRESS, PAGES));
        assertOrders(order);
        assertEquals(0, hugePages.counters().get(SizeEvent.SPLIT, order));
        process.assertHuge(ADDRESS);
    }

    @Test
    void largerFolioIsCutToTheLargestThatTheDeviceUses() {
        use(6);
        device.useOrders(FolioOrders.of(2, 4));
        process.storeHuge(ADDRESS);
        assertEquals(PAGES >> 4, device.pull(process, ADDRESS, PAGES));
        assertOrders(4);
        assertEquals(PAGES >> 6, hugePages.counters().get(SizeEvent.SPLIT, 6));
        machine.check();
        process.assertHuge(ADDRESS);
    }

    @Test
    void hugeMappingIsCutToTheLargestThatTheDeviceUses() {
        use(9);
        device.useOrders(FolioOrders.of(8));
        process.storeHuge(ADDRESS);
        assertTrue(process.isHuge(ADDRESS));
        assertEquals(2, device.pull(process, ADDRESS, PAGES));
        assertFalse(process.isHuge(ADDRESS));
        assertOrders(8);
        machine.check();
        process.assertHuge(ADDRESS);
    }

    @Test
    void smallerDestinationsCutTheSourceToTheirSize() {
        use(5);
        process.storeHuge(ADDRESS);
        process.withVma(
                ADDRESS,
                vma -> {
                    MigrateVma migrate =
                            TestDevice.setup(device.toDevice(PAGES), vma, ADDRESS, PAGES);
                    assertEquals(PAGES >> 5, migrate.migratingCount());
                    for (int i = 0; i < PAGES; i += 32) {
                        assertTrue(device.fillDevice(migrate, i, i == 0 ? 0 : 3));
                    }
                    assertEquals(32 + (PAGES - 32 >> 3), TestDevice.complete(migrate));
                    return Errno.OK;
                });
        assertEquals(0, folios.order(process.pageAt(ADDRESS)));
        assertEquals(3, folios.order(process.pageAt(page(ADDRESS, 40))));
        machine.check();
        process.assertHuge(ADDRESS);
    }

    @Test
    void holesAreFilledFromTheLargestOrderThatFitsDown() {
        assertEquals(4, device.pull(process, page(ADDRESS, 16), 16 + 32 + 16 + 4));
        assertEquals(4, folios.order(process.pageAt(page(ADDRESS, 16))));
        assertEquals(5, folios.order(process.pageAt(page(ADDRESS, 32))));
        assertEquals(2, folios.order(process.pageAt(page(ADDRESS, 80))));
        machine.check();
        for (int i = 16; i < 84; i++) {
            assertEquals(0, process.load(page(ADDRESS, i)));
        }
    }

    /// Pages 18 and 19 by themselves, 20 to 23 and 24 to 31 as folios, and page 32.
    @Test
    void folioThatIsMappedOrMeantInPartIsCut() {
        use(4);
        process.storeHuge(ADDRESS);
        device.pull(process, ADDRESS, PAGES);
        process.unmap(page(ADDRESS, 17), 1);
        assertEquals(5, device.push(process, page(ADDRESS, 18), 15));
        assertEquals(2, folios.order(process.pageAt(page(ADDRESS, 20))));
        assertEquals(3, folios.order(process.pageAt(page(ADDRESS, 24))));
        assertEquals(0, folios.order(process.pageAt(page(ADDRESS, 32))));
        machine.check();
    }

    @Test
    void forkSharesFoliosOfEverySizeAndBothSeeTheirOwnStores() {
        use(4);
        process.storeHuge(ADDRESS);
        device.pull(process, ADDRESS, PAGES);
        TestProcess child = process.fork();
        machine.check();
        child.store(page(ADDRESS, 20), 99);
        process.store(page(ADDRESS, 21), 98);
        machine.check();
        assertEquals(1 + 20, process.load(page(ADDRESS, 20)));
        assertEquals(1 + 21, child.load(page(ADDRESS, 21)));
        assertEquals(99, child.load(page(ADDRESS, 20)));
        assertEquals(98, process.load(page(ADDRESS, 21)));
    }
}
