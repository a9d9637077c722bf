package farpage.mm.physical;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.inspect.FolioDump;
import farpage.mm.inspect.KpageFlags;
import farpage.mm.inspect.PagemapDump;
import farpage.mm.inspect.PfnWalk;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Device pages in the physical address map, as Linux 7.0 has them: who goes by PFN comes by them.
final class PhysicalPagesTest {
    @RegisterExtension final TestMachine machine = new TestMachine(1024, PhysicalLayout.DEFAULT);

    private final TestDevice device = machine.newDevice(64);
    private final TestDevice coherent = machine.newCoherentDevice(64);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(32);

    @Test
    @Tag("T-9.3")
    void devicePagesAreInWindowsOfTheMap() {
        PhysicalAddressMap map = machine.machine().pfns().map().orElseThrow();
        long end = (1L << 46) / 8 * 7;
        assertEquals(
                PageSize.pageNumber(end - PhysicalAddressMap.SECTION_SIZE),
                device.pagemap().firstPfn());
        assertEquals(
                PageSize.pageNumber(map.softReservedStart()) + (1 << 15),
                coherent.pagemap().firstPfn());
        process.storeRow(address, 32, 1);
        assertEquals(32, device.pull(process, address, 32));
        machine.check();
        assertEquals(32, device.push(process, address, 32));
        process.assertRow(address, 32, 1);
    }

    @Test
    void walkByPfnMeetsDevicePagesInUse() {
        process.storeRow(address, 32, 1);
        assertEquals(8, device.pull(process, address, 8));
        assertEquals(4, coherent.pull(process, page(address, 8), 4));
        Machine all = machine.machine();
        var met = PfnWalk.usedPages(all);
        assertEquals(8, met.get(PfnWalk.Kind.DEVICE_PRIVATE));
        assertEquals(4, met.get(PfnWalk.Kind.DEVICE_COHERENT));
        long pfn = all.pfns().pfn(process.pageAt(address));
        long flags = KpageFlags.flagsOfPfn(all, pfn);
        assertEquals(
                KpageFlags.ANON | KpageFlags.MMAP,
                flags & (KpageFlags.ANON | KpageFlags.MMAP | KpageFlags.LRU));
        assertEquals(1, KpageFlags.countOfPfn(all, pfn));
        assertEquals(0, KpageFlags.flagsOfPfn(all, pfn - (1 << 20)));
        String line = FolioDump.line(all, process.pageAt(address));
        assertTrue(line.startsWith("device pfn 0 at pfn " + pfn + " refcount:1"), line);
    }

    @Test
    void pagemapShowsThePfnOfADevicePage() {
        process.storeRow(address, 32, 1);
        assertEquals(1, device.pull(process, address, 1));
        long pfn = machine.machine().pfns().pfn(process.pageAt(address));
        String text = PagemapDump.text(process.mm());
        String expected = "type " + PageTableEntry.TYPE_DEVICE_WRITE + " offset " + pfn;
        assertTrue(text.contains(expected), text);
    }

    @Test
    void flagOfAPageAndTheMapAgree() {
        TestDevice third = machine.newDevice(1 << 15);
        long pfn = third.pagemap().firstPfn();
        PhysicalRange range = machine.machine().pfns().range(pfn);
        assertTrue(range != null && range.kind() == PhysicalRange.Kind.DEVICE_PRIVATE_MEMORY);
        assertTrue(Page.isDevice(third.pagemap().page(0)));
        machine.check();
    }
}
