package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.zonedevice.DevicePagemap;

/// The memmap as text, a line for each folio that is in use.
///
/// @kernel mm/debug.c: dump_page
public final class FolioDump {
    private FolioDump() {}

    /// The folios with a reference: system pages first, then those of each pagemap.
    public static String text(Machine machine) {
        StringBuilder text = new StringBuilder();
        for (int pfn = 0; pfn < machine.ram().pageCount(); pfn++) {
            append(text, machine, Page.ofPfn(pfn));
        }
        for (DevicePagemap pagemap : machine.pagemaps()) {
            for (int index = 0; index < pagemap.pageCount(); index++) {
                append(text, machine, pagemap.page(index));
            }
        }
        return text.toString();
    }

    private static void append(StringBuilder text, Machine machine, long page) {
        FolioTable folios = machine.folios();
        if (folios.isKnown(page) && folios.head(page) == page && folios.refCount(page) > 0) {
            text.append(line(machine, page)).append('\n');
        }
    }

    /// One page: `pfn 12 refcount:1 mapcount:1 index:0x7f012 flags:uptodate|lru`; of a large folio
    /// with its head, order, and how often it is mapped whole. Whether the number is a PFN or a
    /// device PFN is said; a device's page that has both has both.
    public static String line(Machine machine, long page) {
        FolioTable folios = machine.folios();
        if (page == Page.NONE || !folios.isKnown(page)) {
            return Page.describe(page) + " uninitialised";
        }
        String large =
                folios.isLarge(page)
                        ? " head:%s order:%d entire_mapcount:%d"
                                .formatted(
                                        Page.describe(folios.head(page)),
                                        folios.order(page),
                                        folios.entireMapCount(page))
                        : "";
        return String.format(
                "%s%s%s refcount:%d mapcount:%d index:%#x flags:%s",
                Page.describe(page),
                Page.isDevice(page) && machine.pfns().isKnown(page)
                        ? " at pfn " + machine.pfns().pfn(page)
                        : "",
                large,
                folios.refCount(page),
                folios.mapCount(page),
                folios.index(page),
                FolioFlags.describe(folios.flags(page)));
    }
}
