package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.Pfns;
import farpage.mm.physical.NumberSpace;
import farpage.mm.physical.PhysicalRange;
import farpage.mm.zonedevice.DevicePagemap;
import farpage.mm.zonedevice.MemoryType;

/// The check of numbers: what the device bit of a page says, and what the physical address map says
/// of its PFN, are the same; and where device pages have no PFN, none names one.
final class NumberSpaceCheck {
    /// Pages of a pagemap that are looked at, besides its last.
    private static final int SAMPLES = 16;

    private final Pfns pfns;
    private final int ramPages;
    private final Findings findings;

    NumberSpaceCheck(Machine machine, Findings findings) {
        this.pfns = machine.pfns();
        this.ramPages = machine.ram().pageCount();
        this.findings = findings;
    }

    void checkSystem() {
        for (int pfn : new int[] {0, ramPages - 1}) {
            findings.addUnless(
                    pfns.page(pfn) == Page.ofPfn(pfn), "pfn " + pfn, "names no page of RAM");
            PhysicalRange range = pfns.range(pfn);
            findings.addUnless(
                    pfns.map().isEmpty()
                            || range != null && range.kind() == PhysicalRange.Kind.SYSTEM_RAM,
                    "pfn " + pfn,
                    "is of RAM, but the map has " + range);
        }
    }

    void check(DevicePagemap pagemap) {
        int step = Math.max(1, pagemap.pageCount() / SAMPLES);
        for (int index = 0; index < pagemap.pageCount(); index += step) {
            check(pagemap, pagemap.page(index));
        }
        check(pagemap, pagemap.page(pagemap.pageCount() - 1));
    }

    private void check(DevicePagemap pagemap, long page) {
        boolean hasPfn = pfns.isKnown(page);
        findings.addUnless(
                hasPfn == (pfns.space() == NumberSpace.PHYSICAL)
                        && hasPfn == (pagemap.firstPfn() != DevicePagemap.NO_PFN),
                Page.describe(page),
                "has a pfn, or has none, against its number space");
        if (!hasPfn) {
            return;
        }
        long pfn = pfns.pfn(page);
        findings.addUnless(
                pfns.page(pfn) == page,
                Page.describe(page),
                "is at pfn " + pfn + ", which names " + Page.describe(pfns.page(pfn)));
        PhysicalRange range = pfns.range(pfn);
        PhysicalRange.Kind expected =
                pagemap.type() == MemoryType.PRIVATE
                        ? PhysicalRange.Kind.DEVICE_PRIVATE_MEMORY
                        : PhysicalRange.Kind.SOFT_RESERVED;
        findings.addUnless(
                range != null && range.kind() == expected,
                Page.describe(page),
                "is at pfn " + pfn + ", where the map has " + range);
    }
}
