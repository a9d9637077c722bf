package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.zonedevice.DevicePagemap;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// How often each page was found mapped: an array for RAM and one for each pagemap.
final class MappingCounts {
    private final int[] system;
    private final List<DevicePagemap> pagemaps;
    private final List<int[]> device = new ArrayList<>();

    /// By the head of a large folio: the PMD entries that map it whole.
    private final Map<Long, Integer> entire = new HashMap<>();

    MappingCounts(Machine machine) {
        system = new int[machine.ram().pageCount()];
        pagemaps = machine.pagemaps();
        for (DevicePagemap pagemap : pagemaps) {
            device.add(new int[pagemap.pageCount()]);
        }
    }

    /// Whether there is such a page at all.
    boolean exists(long page) {
        return Page.isDevice(page) ? pagemapIndex(page) >= 0 : Page.pfn(page) < system.length;
    }

    void add(long page) {
        if (Page.isDevice(page)) {
            int index = pagemapIndex(page);
            device.get(index)[pagemaps.get(index).index(page)]++;
        } else {
            system[(int) Page.pfn(page)]++;
        }
    }

    /// A PMD entry maps the folio of this head whole.
    void addEntire(long head) {
        entire.merge(head, 1, Integer::sum);
    }

    int entire(long head) {
        return entire.getOrDefault(head, 0);
    }

    /// Entries that map this page by itself.
    int of(long page) {
        if (!Page.isDevice(page)) {
            return system[(int) Page.pfn(page)];
        }
        int index = pagemapIndex(page);
        return device.get(index)[pagemaps.get(index).index(page)];
    }

    private int pagemapIndex(long page) {
        for (int i = 0; i < pagemaps.size(); i++) {
            if (pagemaps.get(i).contains(page)) {
                return i;
            }
        }
        return -1;
    }
}
