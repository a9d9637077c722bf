package farpage.mm.physical;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Pfns;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFault;
import farpage.mm.zonedevice.DevicePagemap;
import farpage.mm.zonedevice.DevicePrivateOps;
import farpage.mm.zonedevice.PagemapRegistration;
import farpage.mm.zonedevice.PagemapRequest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Which numbers device pages get in either space, how one gets from one to the other, and what
/// becomes of them when pages are taken down.
final class DeviceNumbersTest {
    private static final long RAM = 1L << 20;

    /// Pagemaps begin at multiples of that many pages.
    private static final int SECTION = 1 << 15;

    private static final DevicePrivateOps OPS =
            new DevicePrivateOps() {
                @Override
                public void folioFree(long page, int order) {}

                @Override
                public FaultResult migrateToRam(PageFault fault) {
                    return FaultResult.SIGBUS;
                }
            };

    private Machine machine = new Machine(RAM);
    private final Object owner = new Object();

    private void use(PhysicalLayout layout) {
        machine.close();
        machine = new Machine(RAM, Optional.of(new PhysicalAddressMap(layout, RAM)));
    }

    private void use(NumberSpace space) {
        if (space == NumberSpace.PHYSICAL) {
            use(PhysicalLayout.DEFAULT);
        }
    }

    @AfterEach
    void close() {
        machine.pagemaps().forEach(machine::memunmapPages);
        machine.close();
    }

    private PagemapRegistration register(int pageCount) {
        return machine.memremapPages(PagemapRequest.devicePrivate(pageCount, OPS, owner));
    }

    private DevicePagemap registered(int pageCount) {
        return assertInstanceOf(PagemapRegistration.Registered.class, register(pageCount))
                .pagemap();
    }

    private void release(long page) {
        machine.folios().unlock(page);
        machine.put(page);
    }

    @ParameterizedTest
    @EnumSource
    @Tag("T-9.2")
    void bordersOfAdjacentPagemapsLeadToEachAndAHoleToNone(NumberSpace space) {
        use(space);
        DevicePagemap first = registered(2 * SECTION);
        DevicePagemap second = registered(10);
        assertEquals(first.firstDevicePfn() + 2 * SECTION, second.firstDevicePfn());
        assertSame(first, machine.lookupPagemap(first.page(2 * SECTION - 1)));
        assertSame(second, machine.lookupPagemap(first.page(2 * SECTION - 1) + 1));
        assertSame(second, machine.lookupPagemap(second.page(9)));
        assertNull(machine.lookupPagemap(second.page(9) + 1));
        assertNull(machine.lookupPagemap(Page.ofDevicePfn(7L * SECTION)));
        assertEquals(1, second.index(second.page(0) + 1));
        assertThrows(AssertionError.class, () -> first.index(second.page(0)));
    }

    @Test
    @Tag("T-9.2")
    void pfnsAtTheBordersOfAdjacentWindowsLeadToEachPagemapAndHolesToNoPage() {
        use(PhysicalLayout.DEFAULT);
        DevicePagemap upper = registered(2 * SECTION);
        DevicePagemap lower = registered(10);
        Pfns pfns = machine.pfns();
        assertEquals(upper.firstPfn(), lower.firstPfn() + SECTION, "from the end downwards");
        for (DevicePagemap pagemap : List.of(upper, lower)) {
            for (int index : new int[] {0, 1, pagemap.pageCount() - 1}) {
                long page = pagemap.page(index);
                assertEquals(pagemap.firstPfn() + index, pfns.pfn(page));
                assertEquals(page, pfns.page(pfns.pfn(page)));
            }
        }
        assertEquals(Page.NONE, pfns.page(lower.firstPfn() - 1));
        assertEquals(Page.NONE, pfns.page(lower.firstPfn() + 10));
        assertEquals(Page.NONE, pfns.page(upper.firstPfn() + 2 * SECTION));
        assertEquals(Page.NONE, pfns.page(-1));
        assertEquals(Page.ofPfn(3), pfns.page(3));
        assertEquals(Page.NONE, pfns.page(RAM / PageSize.PAGE_SIZE));
    }

    @Test
    @Tag("T-9.3")
    void pagesOutsideTheMapHaveNoPfnAndNoPfnLeadsToThem() {
        DevicePagemap pagemap = registered(512);
        Pfns pfns = machine.pfns();
        long page = pagemap.page(5);
        assertEquals(NumberSpace.OFFSET, pfns.space());
        assertFalse(pfns.isKnown(page));
        assertThrows(IllegalArgumentException.class, () -> pfns.pfn(page));
        assertEquals(5, pfns.pfnOrOffset(page), "the number that an entry shows");
        assertEquals(Page.ofPfn(5), pfns.page(5), "the same number is of RAM");
        long ramPages = RAM / PageSize.PAGE_SIZE;
        for (long pfn = ramPages; pfn < ramPages + 1024; pfn++) {
            assertEquals(Page.NONE, pfns.page(pfn));
        }
        assertNull(pfns.range(5));
        assertThrows(IllegalStateException.class, () -> pfns.requestFreeMemRegion(1, "none"));
    }

    @Test
    @Tag("T-9.3")
    void withoutAWindowLeftOnlyNumbersOutsideTheMapCanBeHad() {
        int pages = (int) PageSize.pageNumber(8L << 30);
        machine.memunmapPages(registered(pages));
        use(PhysicalLayout.of(32));
        PagemapRegistration.Refused refused =
                assertInstanceOf(PagemapRegistration.Refused.class, register(pages));
        assertEquals(Errno.ERANGE, refused.errno());
        assertTrue(refused.reason().contains("physical address map of 32 bits"), refused::reason);
        assertEquals(List.of(), machine.pagemaps());
        registered(SECTION);
    }

    @ParameterizedTest
    @EnumSource
    @Tag("T-9.4")
    void pageCountNeedNotBeAMultipleOfAnything(NumberSpace space) {
        use(space);
        for (int pageCount : new int[] {1, 2, 511, 513, SECTION - 1, SECTION + 1}) {
            DevicePagemap pagemap = registered(pageCount);
            long last = pagemap.page(pageCount - 1);
            assertSame(pagemap, machine.lookupPagemap(last));
            assertNull(machine.lookupPagemap(last + 1));
            pagemap.initFolio(last, 0);
            release(last);
        }
    }

    @ParameterizedTest
    @EnumSource
    @Tag("T-9.4")
    void largeFolioDoesNotReachBeyondTheEnd(NumberSpace space) {
        use(space);
        DevicePagemap pagemap = registered(512 + 511);
        long whole = pagemap.page(0);
        pagemap.initFolio(whole, 9);
        release(whole);
        long rest = pagemap.page(512);
        assertThrows(AssertionError.class, () -> pagemap.initFolio(rest, 9));
        assertEquals(0, pagemap.livePageCount());
        pagemap.initFolio(rest, 8);
        release(rest);
    }

    @ParameterizedTest
    @EnumSource
    @Tag("T-9.5")
    void takingPagesDownWaitsForThoseInUseAndThenTheirNumbersAreFree(NumberSpace space)
            throws InterruptedException {
        use(space);
        DevicePagemap pagemap = registered(SECTION);
        registered(SECTION);
        long offset = pagemap.firstDevicePfn();
        long pfn = pagemap.firstPfn();
        long page = pagemap.page(77);
        pagemap.initFolio(page, 0);
        machine.folios().unlock(page);
        CountDownLatch done = new CountDownLatch(1);
        Thread driver =
                Thread.ofPlatform()
                        .start(() -> {
                            machine.memunmapPages(pagemap);
                            done.countDown();
                        });
        while (driver.getState() != Thread.State.WAITING
                && driver.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        assertEquals(1, done.getCount());
        assertSame(pagemap, machine.lookupPagemap(page));
        machine.put(page);
        assertTrue(driver.join(Duration.ofSeconds(30)));
        assertNull(machine.lookupPagemap(page));
        DevicePagemap again = registered(SECTION);
        assertEquals(offset, again.firstDevicePfn());
        assertEquals(pfn, again.firstPfn());
    }
}
