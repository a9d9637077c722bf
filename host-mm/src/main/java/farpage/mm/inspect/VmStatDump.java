package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.VmStat;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.zonedevice.DevicePagemap;
import java.util.Locale;

/// The machine's counters in the layout of `/proc/vmstat`, in its order: first what there is now,
/// then the events so far. What the model does not keep has no line. What is mapped is counted
/// wherever it lies, on devices too; what is on an LRU list is memory of a node. Events between
/// nodes have lines where there are several.
///
/// @kernel mm/vmstat.c: vmstat_show, vmstat_text
public final class VmStatDump {
    private final Machine machine;
    private final FolioTable folios;
    private long inactiveAnon;
    private long activeAnon;
    private long inactiveFile;
    private long activeFile;
    private long anonMapped;
    private long fileMapped;
    private long file;
    private long dirty;
    private long writeback;
    private long shmem;
    private long swapCached;
    private long anonHuge;

    private VmStatDump(Machine machine) {
        this.machine = machine;
        this.folios = machine.folios();
    }

    /// The lines. The counts are each true at some moment, and together only while nothing runs.
    public static String text(Machine machine) {
        VmStatDump dump = new VmStatDump(machine);
        dump.countPages();
        String numa = machine.numa().isSingle() ? "" : machine.numa().stat().toString();
        return dump.pagesNow() + numa + dump.events();
    }

    /// The events, with those of large folios where the kernel has them.
    private String events() {
        StringBuilder text = new StringBuilder();
        for (VmStat.Event event : VmStat.Event.values()) {
            if (event == VmStat.Event.KSM_SWPIN_COPY) {
                text.append(machine.hugePages().counters());
            }
            line(text, event.name().toLowerCase(Locale.ROOT), machine.vmStat().get(event));
        }
        return text.toString();
    }

    private String pagesNow() {
        StringBuilder text = new StringBuilder();
        line(text, "nr_free_pages", machine.ram().freePageCount());
        line(text, "nr_inactive_anon", inactiveAnon);
        line(text, "nr_active_anon", activeAnon);
        line(text, "nr_inactive_file", inactiveFile);
        line(text, "nr_active_file", activeFile);
        line(text, "nr_anon_pages", anonMapped);
        line(text, "nr_mapped", fileMapped);
        line(text, "nr_file_pages", file);
        line(text, "nr_dirty", dirty);
        line(text, "nr_writeback", writeback);
        line(text, "nr_shmem", shmem);
        line(text, "nr_anon_transparent_hugepages", anonHuge);
        line(text, "nr_swapcached", swapCached);
        return text.toString();
    }

    private static void line(StringBuilder text, String name, long count) {
        text.append(name).append(' ').append(count).append('\n');
    }

    private void countPages() {
        for (int pfn = 0; pfn < machine.ram().pageCount(); pfn++) {
            count(Page.ofPfn(pfn));
        }
        for (DevicePagemap pagemap : machine.pagemaps()) {
            for (int index = 0; index < pagemap.pageCount(); index++) {
                count(pagemap.page(index));
            }
        }
    }

    /// Each page once, however often it is mapped.
    private void count(long page) {
        if (!folios.isKnown(page) || folios.refCount(page) == 0) {
            return;
        }
        int flags = folios.flags(page);
        if ((flags & FolioFlags.RESERVED) != 0) {
            return;
        }
        countList(flags);
        writeback += flag(flags, FolioFlags.WRITEBACK);
        swapCached += flag(flags, FolioFlags.SWAPCACHE);
        file += flag(flags, FolioFlags.SWAPCACHE);
        int mapped = folios.pageMapCount(page) > 0 ? 1 : 0;
        anonHuge += folios.head(page) == page && folios.entireMapCount(page) > 0 ? 1 : 0;
        if (MappedPage.isAnonymous(machine, page)) {
            anonMapped += mapped;
        } else if (folios.mapping(page) != null) {
            fileMapped += mapped;
            file++;
            int inMemory = flag(flags, FolioFlags.SWAPBACKED);
            shmem += inMemory;
            dirty += inMemory == 1 ? 0 : flag(flags, FolioFlags.DIRTY);
        }
    }

    /// Shared memory is on the lists of anonymous pages.
    ///
    /// @kernel include/linux/mm_inline.h: folio_lru_list
    private void countList(int flags) {
        if ((flags & FolioFlags.LRU) == 0) {
            return;
        }
        boolean active = (flags & FolioFlags.ACTIVE) != 0;
        if ((flags & FolioFlags.SWAPBACKED) != 0) {
            activeAnon += active ? 1 : 0;
            inactiveAnon += active ? 0 : 1;
        } else {
            activeFile += active ? 1 : 0;
            inactiveFile += active ? 0 : 1;
        }
    }

    private static int flag(int flags, int flag) {
        return (flags & flag) != 0 ? 1 : 0;
    }
}
