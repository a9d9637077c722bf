package farpage.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFault;
import farpage.mm.zonedevice.CpuMapping;
import farpage.mm.zonedevice.DevicePagemap;
import farpage.mm.zonedevice.DevicePagemapOps;
import farpage.mm.zonedevice.DevicePrivateOps;
import farpage.mm.zonedevice.MemoryType;
import farpage.mm.zonedevice.PagemapRegistration;
import farpage.mm.zonedevice.PagemapRequest;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Which requests for device pages a machine grants, and the error of each that it refuses.
final class PagemapRegistryTest {
    private static final int RAM_PAGES = 256;
    private static final int SECTION = 1 << 15;
    private static final DevicePagemapOps OPS = (page, order) -> {};
    private static final CpuMapping MAPPING =
            new CpuMapping.InPlace(MemorySegment.ofArray(new byte[0]));
    private static final DevicePrivateOps PRIVATE_OPS =
            new DevicePrivateOps() {
                @Override
                public void folioFree(long page, int order) {
                    throw new AssertionError("no page was made");
                }

                @Override
                public FaultResult migrateToRam(PageFault fault) {
                    throw new AssertionError("no page was made");
                }
            };

    private final Machine machine = new Machine((long) RAM_PAGES * PageSize.PAGE_SIZE);
    private final Object owner = new Object();

    @AfterEach
    void close() {
        machine.pagemaps().forEach(machine::memunmapPages);
        machine.close();
    }

    private static long place(int section) {
        return Page.ofDevicePfn(Page.COHERENT_DEVICE_PFN_MIN + (long) section * SECTION);
    }

    private PagemapRequest coherent(long firstPage, int pageCount) {
        return PagemapRequest.deviceCoherent(firstPage, pageCount, OPS, owner, MAPPING);
    }

    private PagemapRequest privateAt(long firstPage, int pageCount) {
        return new PagemapRequest(
                MemoryType.PRIVATE, firstPage, pageCount, PRIVATE_OPS, owner, null);
    }

    private DevicePagemap registered(PagemapRequest request) {
        return assertInstanceOf(
                        PagemapRegistration.Registered.class, machine.memremapPages(request))
                .pagemap();
    }

    private void assertRefused(Errno errno, PagemapRequest request) {
        int before = machine.pagemaps().size();
        assertEquals(new PagemapRegistration.Refused(errno), machine.memremapPages(request));
        assertEquals(before, machine.pagemaps().size());
    }

    @Test
    @Tag("T-1.7")
    void rangeThatAnotherPagemapCoversIsNoMemory() {
        DevicePagemap taken = registered(coherent(place(2), 2 * SECTION));
        assertRefused(Errno.ENOMEM, coherent(place(2), 2 * SECTION));
        assertRefused(Errno.ENOMEM, coherent(place(1), SECTION + 1));
        assertRefused(Errno.ENOMEM, coherent(place(3), 1));
        assertRefused(Errno.ENOMEM, coherent(place(3), 2 * SECTION));
        assertRefused(Errno.ENOMEM, coherent(place(0), 8 * SECTION));
        registered(coherent(place(1), SECTION));
        registered(coherent(place(4), 1));
        machine.memunmapPages(taken);
        registered(coherent(place(2), 2 * SECTION));
    }

    @Test
    @Tag("T-1.7")
    void devicePrivatePagesDoNotOverlapEither() {
        DevicePagemap taken = registered(privateAt(Page.NONE, 3));
        assertRefused(Errno.ENOMEM, privateAt(taken.page(0), 1));
        DevicePagemap beside = registered(privateAt(Page.ofDevicePfn(SECTION), 1));
        assertSame(beside, machine.pagemap(beside.page(0)));
    }

    @ParameterizedTest
    @EnumSource(names = {"PRIVATE", "COHERENT"})
    @Tag("T-1.7")
    void rangeThatIntersectsRamIsRefusedAsSuch(MemoryType type) {
        for (long pfn : new long[] {0, RAM_PAGES - 1}) {
            PagemapRequest request =
                    type == MemoryType.PRIVATE
                            ? privateAt(Page.ofPfn(pfn), 2)
                            : coherent(Page.ofPfn(pfn), 2);
            assertRefused(Errno.ENXIO, request);
        }
    }

    @Test
    void rangeOutsideTheNumbersOfItsTypeIsInvalid() {
        assertRefused(Errno.EINVAL, coherent(Page.ofPfn(RAM_PAGES), 1));
        assertRefused(Errno.EINVAL, coherent(Page.ofDevicePfn(0), 1));
        assertRefused(Errno.EINVAL, coherent(place(0) + 1, 1));
        long last = Page.ofDevicePfn(Page.COHERENT_DEVICE_PFN_MAX + 1 - SECTION);
        assertRefused(Errno.EINVAL, coherent(last, SECTION + 1));
        assertRefused(Errno.EINVAL, privateAt(place(0), 1));
        registered(coherent(last, SECTION));
    }

    @Test
    void devicePrivateMemoryNeedsItsOpsAndAnOwner() {
        assertRefused(Errno.EINVAL, PagemapRequest.devicePrivate(0, PRIVATE_OPS, owner));
        assertRefused(Errno.EINVAL, PagemapRequest.devicePrivate(-1, PRIVATE_OPS, owner));
        assertRefused(Errno.EINVAL, PagemapRequest.devicePrivate(1, null, owner));
        assertRefused(Errno.EINVAL, PagemapRequest.devicePrivate(1, OPS, owner));
        assertRefused(Errno.EINVAL, PagemapRequest.devicePrivate(1, PRIVATE_OPS, null));
        assertRefused(
                Errno.ERANGE, PagemapRequest.devicePrivate(Integer.MAX_VALUE, PRIVATE_OPS, owner));
    }

    @Test
    void deviceCoherentMemoryNeedsAPlaceOpsAnOwnerAndAWayForTheCpu() {
        assertRefused(Errno.EINVAL, coherent(Page.NONE, 1));
        assertRefused(Errno.EINVAL, coherent(place(0), 0));
        assertRefused(Errno.EINVAL, without(null, owner, MAPPING));
        assertRefused(Errno.EINVAL, without(OPS, null, MAPPING));
        assertRefused(Errno.EINVAL, without(OPS, owner, null));
        registered(without(OPS, owner, MAPPING));
    }

    private static PagemapRequest without(
            @Nullable DevicePagemapOps ops,
            @Nullable Object pagesOwner,
            @Nullable CpuMapping mapping) {
        return PagemapRequest.deviceCoherent(place(0), 1, ops, pagesOwner, mapping);
    }

    @ParameterizedTest
    @EnumSource(names = {"FS_DAX", "GENERIC"})
    void typesThatAreNotModelledAreInvalid(MemoryType type) {
        assertRefused(
                Errno.EINVAL, new PagemapRequest(type, place(0), 1, PRIVATE_OPS, owner, null));
    }

    @Test
    void secondPagesForOtherDevicesHaveAPlaceOfTheirOwn() {
        long second = Page.ofDevicePfn(Page.P2PDMA_DEVICE_PFN_MIN);
        assertRefused(Errno.EINVAL, PagemapRequest.p2pdma(Page.NONE, 1, OPS, owner));
        assertRefused(Errno.EINVAL, PagemapRequest.p2pdma(place(0), 1, OPS, owner));
        assertRefused(Errno.EINVAL, PagemapRequest.p2pdma(Page.ofDevicePfn(0), 1, OPS, owner));
        DevicePagemap pagemap = registered(PagemapRequest.p2pdma(second, 2, OPS, owner));
        assertTrue(Page.isP2pdma(pagemap.page(1)));
        assertFalse(Page.isDevicePrivate(pagemap.page(1)));
        assertFalse(Page.isDeviceCoherent(pagemap.page(1)));
        long last = Page.ofDevicePfn(Page.P2PDMA_DEVICE_PFN_MAX + 1 - SECTION);
        assertRefused(Errno.EINVAL, PagemapRequest.p2pdma(last, SECTION + 1, OPS, owner));
        registered(PagemapRequest.p2pdma(last, SECTION, OPS, owner));
    }

    @Test
    @Tag("T-1.8")
    void ownerOfCoherentPagesIsKnownByIdentity() {
        List<Long> one = new ArrayList<>(List.of(1L));
        DevicePagemap pagemap =
                registered(PagemapRequest.deviceCoherent(place(0), 1, OPS, one, MAPPING));
        assertTrue(pagemap.isOwnedBy(one));
        assertFalse(pagemap.isOwnedBy(new ArrayList<>(one)), "equal, but another");
    }
}
