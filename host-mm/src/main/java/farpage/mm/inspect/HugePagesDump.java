package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.hugememory.HugePageCounters;
import farpage.mm.hugememory.HugePages;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.zonedevice.DevicePagemap;
import java.util.Locale;

/// What the files of `/sys/kernel/mm/transparent_hugepage` say of each size of large folio: when it
/// is used, what happened, and how many folios of it there are now, on devices too.
///
/// ```
/// hugepages-2048kB/enabled always inherit [madvise] never
/// hugepages-2048kB/stats/anon_fault_alloc 3
/// hugepages-2048kB/stats/nr_anon 2
/// ```
///
/// @kernel mm/huge_memory.c: anon_enabled_show, DEFINE_MTHP_STAT_ATTR
public final class HugePagesDump {
    private final Machine machine;
    private final FolioTable folios;
    private final long[] anonymous = new long[PageSize.HPAGE_PMD_ORDER + 1];
    private final long[] partiallyMapped = new long[PageSize.HPAGE_PMD_ORDER + 1];
    private final StringBuilder text = new StringBuilder();

    private HugePagesDump(Machine machine) {
        this.machine = machine;
        this.folios = machine.folios();
    }

    /// The lines. The counts are each true at some moment, and together only while nothing runs.
    public static String text(Machine machine) {
        HugePagesDump dump = new HugePagesDump(machine);
        dump.countFolios();
        for (int order = FolioTable.LARGE_ORDER_MIN; order <= PageSize.HPAGE_PMD_ORDER; order++) {
            dump.appendSize(order);
        }
        return dump.text.toString();
    }

    private void countFolios() {
        for (int pfn = 0; pfn < machine.ram().pageCount(); pfn++) {
            count(Page.ofPfn(pfn));
        }
        for (DevicePagemap pagemap : machine.pagemaps()) {
            for (int index = 0; index < pagemap.pageCount(); index++) {
                count(pagemap.page(index));
            }
        }
    }

    private void count(long page) {
        if (!folios.isKnown(page) || !folios.isLarge(page) || folios.head(page) != page) {
            return;
        }
        if (folios.refCount(page) > 0 && MappedPage.isAnonymous(machine, page)) {
            int order = folios.order(page);
            anonymous[order]++;
            partiallyMapped[order] += folios.hasFlag(page, FolioFlags.PARTIALLY_MAPPED) ? 1 : 0;
        }
    }

    private void appendSize(int order) {
        HugePages hugePages = machine.hugePages();
        line(order, "enabled", choice(hugePages.enabled(order)));
        for (HugePageCounters.SizeEvent event : HugePageCounters.SizeEvent.values()) {
            long count = hugePages.counters().get(event, order);
            line(order, "stats/" + event.name().toLowerCase(Locale.ROOT), Long.toString(count));
        }
        line(order, "stats/nr_anon", Long.toString(anonymous[order]));
        line(order, "stats/nr_anon_partially_mapped", Long.toString(partiallyMapped[order]));
    }

    private void line(int order, String file, String value) {
        long size = PageSize.pageAddress(1L << order) >> 10;
        text.append(String.format(Locale.ROOT, "hugepages-%dkB/%s %s\n", size, file, value));
    }

    private static String choice(HugePages.Enabled enabled) {
        return switch (enabled) {
            case ALWAYS -> "[always] inherit madvise never";
            case MADVISE -> "always inherit [madvise] never";
            case NEVER -> "always inherit madvise [never]";
        };
    }
}
