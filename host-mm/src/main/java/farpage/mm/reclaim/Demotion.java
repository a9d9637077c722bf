package farpage.mm.reclaim;

import farpage.mm.Machine;
import farpage.mm.file.FileMapping;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.migrate.FolioDestinations;
import farpage.mm.migrate.IsolatedFolios;
import farpage.mm.migrate.MigrateFolios;
import farpage.mm.numa.NumaNodes;
import farpage.mm.numa.NumaStat;

/// The folios of one pass of reclaim that move to a node of the next tier instead of leaving
/// memory. They are gathered, and move together.
///
/// Where the next tier is full, its own cold folios are reclaimed once, as its `kswapd` would; if
/// nothing comes of it the pass goes on without that node. Folios that `MADV_FREE` marked, and
/// shared memory, are not moved: dropping the first is cheaper, and the other stays in any case.
///
/// @kernel mm/vmscan.c: demote_folio_list
final class Demotion {
    private static final int NEVER =
            FolioFlags.UNEVICTABLE | FolioFlags.MLOCKED | FolioFlags.HWPOISON | FolioFlags.RESERVED;

    private final Machine machine;
    private final FolioTable folios;

    /// Nodes that had no room and could not make any.
    private long fullNodes;

    private IsolatedFolios gathered;

    /// Where those that are gathered lie, where they go, and how many base pages they are.
    private int source;

    private int target = NumaNodes.NONE;
    private int pages;

    Demotion(Machine machine) {
        this.machine = machine;
        this.folios = machine.folios();
        this.gathered = new IsolatedFolios(machine);
    }

    /// Whether some node has a next tier with room.
    static boolean isPossible(Machine machine) {
        NumaNodes numa = machine.numa();
        for (int node = 0; numa.isDemotionEnabled() && node < numa.count(); node++) {
            int next = numa.nextDemotionNode(node);
            if (next != NumaNodes.NONE && machine.ram().freePageCount(next) > 0) {
                return true;
            }
        }
        return false;
    }

    /// Whether a locked folio is of those that can move down a tier.
    ///
    /// @kernel mm/vmscan.c: can_demote
    boolean takes(long page) {
        if (folios.hasFlag(page, NEVER) || folios.isMaybePinned(page) || !isOfAKind(page)) {
            return false;
        }
        int node = machine.numa().node(page);
        int next = machine.numa().nextDemotionNode(node);
        if (next == NumaNodes.NONE) {
            return false;
        }
        source = node;
        target = next;
        return true;
    }

    private boolean isOfAKind(long page) {
        return folios.mapping(page) instanceof FileMapping file
                ? !file.isShmem()
                : folios.mapCount(page) > 0 && folios.hasFlag(page, FolioFlags.SWAPBACKED);
    }

    /// Whether a folio that [#takes] found to be one finds room, made for it if need be.
    boolean hasRoom(long page) {
        if ((fullNodes >> target & 1) != 0) {
            return false;
        }
        if (machine.ram().freePageCount(target) < pages + folios.pageCount(page)
                && machine.reclaim().makeRoom(target) == 0) {
            fullNodes |= 1L << target;
            return false;
        }
        return true;
    }

    /// Takes a folio off the LRU, which it is on. All that is gathered lies on one node. The caller
    /// has a reference and no lock.
    void add(long page) {
        if (gathered.isolate(page).isOk()) {
            pages += folios.pageCount(page);
        }
    }

    /// Moves what was gathered. Locks are only tried: reclaim may run under those of others.
    ///
    /// @return how many frames are free now
    int flush() {
        if (gathered.count() == 0) {
            return 0;
        }
        IsolatedFolios batch = gathered;
        gathered = new IsolatedFolios(machine);
        pages = 0;
        int moved;
        try (batch) {
            moved =
                    new MigrateFolios(machine, FolioDestinations.freeOnNode(machine, target), false)
                            .migrate(batch)
                            .migratedPages();
        }
        machine.numa().stat().count(source, NumaStat.Event.PGDEMOTE_DIRECT, moved);
        return moved;
    }
}
