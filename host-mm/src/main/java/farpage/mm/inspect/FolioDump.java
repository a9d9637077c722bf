package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.zonedevice.DevicePagemap;

/// The memmap as text, a line for each page that is in use.
///
/// @kernel mm/debug.c: dump_page
public final class FolioDump {
    private FolioDump() {}

    /// The pages with a reference: system pages first, then those of each pagemap.
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
        if (machine.folios().isKnown(page) && machine.folios().refCount(page) > 0) {
            text.append(line(machine, page)).append('\n');
        }
    }

    /// One page: `pfn 12 refcount:1 mapcount:1 index:0x7f012 flags:uptodate|lru`.
    public static String line(Machine machine, long page) {
        FolioTable folios = machine.folios();
        if (page == Page.NONE || !folios.isKnown(page)) {
            return Page.describe(page) + " uninitialised";
        }
        return String.format(
                "%s refcount:%d mapcount:%d index:%#x flags:%s",
                Page.describe(page),
                folios.refCount(page),
                folios.mapCount(page),
                folios.index(page),
                FolioFlags.describe(folios.flags(page)));
    }
}
