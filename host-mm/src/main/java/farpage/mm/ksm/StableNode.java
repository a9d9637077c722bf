package farpage.mm.ksm;

import farpage.mm.rmap.AnonVma;
import farpage.mm.rmap.ReverseMap;
import farpage.mm.rmap.RmapVisitor;
import java.util.ArrayList;
import java.util.List;

/// A merged page: its place in the stable tree, and its reverse map. The page's mapping points
/// here; the node holds no reference to the page, so that a page that nobody maps any more is freed
/// at once. Whether the two still belong together is asked before each use.
///
/// The lists change under the lock of the folio, which a walk holds too. A mapping need have no
/// item of its own: a child that was forked since the last pass is found through its parent's, also
/// when the parent has no use for it any more.
///
/// @kernel mm/ksm.c: struct ksm_stable_node, rmap_walk_ksm
@SuppressWarnings("exports") // for the packages of this module; nobody else can name the types
public final class StableNode implements ReverseMap {
    private final int checksum;
    private final List<RmapItem> items = new ArrayList<>();
    private final List<Place> places = new ArrayList<>();
    private volatile long page;
    private boolean inTree;

    /// Where mappings may be that no item leads to.
    private record Place(AnonVma anonVma, long pageIndex) {}

    /// Of a page that no item leads to as yet. Whatever maps it, maybe in several processes, is
    /// found as it was before.
    StableNode(long page, int checksum, AnonVma anonVma, long pageIndex) {
        this.page = page;
        this.checksum = checksum;
        places.add(new Place(anonVma, pageIndex));
    }

    /// Whether the stable tree has it. It does not if the merge that made it failed; the page may
    /// then be mapped by others still, and is merged anew like any page. Guarded by the lock of the
    /// passes.
    boolean isInTree() {
        return inTree;
    }

    void setInTree(boolean now) {
        inTree = now;
    }

    /// The page, unless it was freed and serves something else.
    long page() {
        return page;
    }

    /// Of the contents, which no one can change.
    int checksum() {
        return checksum;
    }

    /// The contents have migrated. Both folios are locked.
    ///
    /// @kernel mm/ksm.c: folio_migrate_ksm
    public void migrated(long toPage) {
        page = toPage;
    }

    List<RmapItem> items() {
        return items;
    }

    void addItem(RmapItem item) {
        AnonVma anonVma = item.anonVma;
        assert anonVma != null;
        items.add(item);
        places.remove(new Place(anonVma, item.pageIndex));
    }

    /// Removes an item, but not the way to mappings that have none.
    void removeItem(RmapItem item) {
        boolean removed = items.remove(item);
        assert removed;
        AnonVma anonVma = item.anonVma;
        assert anonVma != null;
        places.removeIf(place -> !place.anonVma.mayMap(place.pageIndex));
        if (anonVma.mayMap(item.pageIndex)) {
            addPlace(anonVma, item.pageIndex);
        }
    }

    /// Keeps the way to a mapping that no item leads to, as yet or any more.
    public void addPlace(AnonVma anonVma, long pageIndex) {
        Place place = new Place(anonVma, pageIndex);
        if (!places.contains(place)) {
            places.add(place);
        }
    }

    /// An item's `AnonVma` and index lead to the page's address also in children and after a move,
    /// whatever index the page itself has.
    @Override
    public void walk(long pageIndex, RmapVisitor visitor) {
        for (RmapItem item : items) {
            AnonVma anonVma = item.anonVma;
            assert anonVma != null;
            anonVma.walk(item.pageIndex, visitor);
        }
        for (Place place : places) {
            place.anonVma.walk(place.pageIndex, visitor);
        }
    }
}
