package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.memory.FolioFlags;
import farpage.mm.zonedevice.DevicePagemap;

/// The machine's counters in the layout of `/proc/vmstat`: first what there is now, then the events
/// so far. What is mapped is counted wherever it lies, on devices too.
///
/// @kernel mm/vmstat.c: vmstat_show
public final class VmStatDump {
    private final Machine machine;
    private long anonymous;
    private long mapped;
    private long file;
    private long shmem;

    private VmStatDump(Machine machine) {
        this.machine = machine;
    }

    public static String text(Machine machine) {
        VmStatDump dump = new VmStatDump(machine);
        dump.countPages();
        return "nr_free_pages "
                + machine.ram().freePageCount()
                + "\nnr_anon_pages "
                + dump.anonymous
                + "\nnr_mapped "
                + dump.mapped
                + "\nnr_file_pages "
                + dump.file
                + "\nnr_shmem "
                + dump.shmem
                + "\n"
                + machine.vmStat();
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

    /// Each mapped page once, however often it is mapped.
    private void count(long page) {
        if (!machine.folios().isKnown(page)
                || machine.folios().refCount(page) == 0
                || machine.folios().hasFlag(page, FolioFlags.RESERVED)) {
            return;
        }
        boolean isMapped = machine.folios().mapCount(page) > 0;
        if (MappedPage.isAnonymous(machine, page)) {
            anonymous += isMapped ? 1 : 0;
        } else if (machine.folios().mapping(page) != null) {
            mapped += isMapped ? 1 : 0;
            file++;
            shmem += machine.folios().hasFlag(page, FolioFlags.SWAPBACKED) ? 1 : 0;
        }
    }
}
