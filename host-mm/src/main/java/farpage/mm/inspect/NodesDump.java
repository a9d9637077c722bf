package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.numa.NumaNodes;

/// What each node has and what it is used for, one line a node: what `/sys/devices/system/node`
/// shows in several files.
///
/// ```
/// node 1 tier 22 cpus no isolated yes pages 8192 free 8000 lru 192 active 0 anon 192 broken 0
/// ```
///
/// @kernel drivers/base/node.c: node_read_meminfo
public final class NodesDump {
    private NodesDump() {}

    /// The lines. The counts are each true at some moment, and together only while nothing runs.
    public static String text(Machine machine) {
        StringBuilder text = new StringBuilder();
        for (int node = 0; node < machine.numa().count(); node++) {
            text.append(line(machine, node)).append('\n');
        }
        return text.toString();
    }

    private static String line(Machine machine, int node) {
        NumaNodes numa = machine.numa();
        FolioTable folios = machine.folios();
        long first = machine.ram().firstPage(node);
        int pages = machine.ram().pageCount(node);
        int lru = 0;
        int active = 0;
        int anonymous = 0;
        int broken = 0;
        for (long page = first; page < first + pages; page++) {
            if (!folios.isKnown(page)) {
                continue;
            }
            int flags = folios.flags(page);
            broken += (flags & FolioFlags.HWPOISON) != 0 ? 1 : 0;
            if (folios.refCount(page) > 0 && (flags & FolioFlags.LRU) != 0) {
                lru++;
                active += (flags & FolioFlags.ACTIVE) != 0 ? 1 : 0;
                anonymous += MappedPage.isAnonymous(machine, page) ? 1 : 0;
            }
        }
        return "node %d tier %d cpus %s isolated %s pages %d free %d lru %d active %d anon %d broken %d"
                .formatted(
                        node,
                        numa.tier(node),
                        node == NumaNodes.LOCAL ? "yes" : "no",
                        numa.isIsolated(node) ? "yes" : "no",
                        pages,
                        machine.ram().freePageCount(node),
                        lru,
                        active,
                        anonymous,
                        broken);
    }
}
