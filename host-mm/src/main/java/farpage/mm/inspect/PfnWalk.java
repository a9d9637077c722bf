package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Pfns;
import farpage.mm.physical.PhysicalRange;
import farpage.mm.zonedevice.MemoryType;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// A walk over a machine by PFN, as compaction, memory hotplug and `page_owner` go: what it comes
/// by, and what it never sees. It is for quiet points only.
///
/// @kernel mm/page_owner.c, mm/memory_hotplug.c: walks from start_pfn to end_pfn
public final class PfnWalk {
    /// What a PFN leads to.
    public enum Kind {
        SYSTEM,
        DEVICE_PRIVATE,
        DEVICE_COHERENT
    }

    private PfnWalk() {}

    /// The pages in use that the walk meets, of each kind.
    public static Map<Kind, Long> usedPages(Machine machine) {
        Map<Kind, Long> met = new EnumMap<>(Kind.class);
        for (Kind kind : Kind.values()) {
            met.put(kind, 0L);
        }
        Pfns pfns = machine.pfns();
        for (long[] stretch : stretches(machine)) {
            for (long pfn = stretch[0]; pfn < stretch[1]; pfn++) {
                long page = pfns.page(pfn);
                if (page != Page.NONE
                        && machine.folios().isKnown(page)
                        && machine.folios().refCount(page) > 0) {
                    met.merge(kind(machine, page), 1L, Long::sum);
                }
            }
        }
        return met;
    }

    private static Kind kind(Machine machine, long page) {
        if (!Page.isDevice(page)) {
            return Kind.SYSTEM;
        }
        return machine.pagemap(page).type() == MemoryType.COHERENT
                ? Kind.DEVICE_COHERENT
                : Kind.DEVICE_PRIVATE;
    }

    /// The stretches of PFNs that pages may be at: RAM, and where there is a map what it has.
    private static List<long[]> stretches(Machine machine) {
        List<long[]> stretches = new ArrayList<>();
        Pfns pfns = machine.pfns();
        if (pfns.map().isEmpty()) {
            stretches.add(new long[] {0, machine.ram().pageCount()});
            return stretches;
        }
        for (PhysicalRange range : pfns.map().orElseThrow().ranges()) {
            if (range.kind() != PhysicalRange.Kind.PCI_WINDOW) {
                stretches.add(new long[] {range.firstPfn(), PageSize.pageNumber(range.end())});
            }
        }
        return stretches;
    }
}
