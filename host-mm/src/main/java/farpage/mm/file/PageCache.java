package farpage.mm.file;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.memory.FolioTable;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/// The pages of one file by their index: a radix tree of nodes with 64 slots. Each page in it has
/// one reference for being there.
///
/// Lookups take no lock. A page found so may leave the file at any moment until its folio is
/// locked; [#get(long)] takes a reference first and looks again, so that at least the page is the
/// right one. Changes are made under `i_pages`.
///
/// @kernel include/linux/xarray.h; mm/filemap.c: filemap_get_entry
final class PageCache {
    private static final int SHIFT = 6;
    private static final int SLOTS = 1 << SHIFT;
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle OBJECTS = MethodHandles.arrayElementVarHandle(Object[].class);

    private final Machine machine;
    private final FolioTable folios;
    private final RankedLock lock = new RankedLock(LockRank.I_PAGES);
    private volatile @Nullable Root root;
    private long pageCount;

    /// The top of the tree and the number of branches on the way down from it to a leaf.
    private record Root(Object node, int height) {
        boolean covers(long index) {
            int bits = SHIFT * (height + 1);
            return bits >= Long.SIZE || index >>> bits == 0;
        }
    }

    /// A word is a page plus one, so that zero is an empty slot.
    private static final class Leaf {
        private final long[] words = new long[SLOTS];
        private int used;
    }

    private static final class Branch {
        private final @Nullable Object[] children = new Object[SLOTS];
        private int used;
    }

    PageCache(Machine machine) {
        this.machine = machine;
        this.folios = machine.folios();
    }

    private static int slot(long index, int height) {
        return (int) (index >>> SHIFT * height) & (SLOTS - 1);
    }

    private @Nullable Leaf lookupLeaf(long index) {
        Root top = root;
        if (top == null || !top.covers(index)) {
            return null;
        }
        Object node = top.node();
        for (int height = top.height(); height > 0; height--) {
            Object child = OBJECTS.getAcquire(((Branch) node).children, slot(index, height));
            if (child == null) {
                return null;
            }
            node = child;
        }
        return (Leaf) node;
    }

    /// The page of an index at this moment, without a reference; [Page#NONE] if there is none.
    long lookup(long index) {
        Leaf leaf = lookupLeaf(index);
        return leaf == null ? Page.NONE : (long) LONGS.getAcquire(leaf.words, slot(index, 0)) - 1;
    }

    /// The page of an index with a reference for the caller; [Page#NONE] if there is none.
    ///
    /// Under the lock a page that is here has a reference, so the second look can not fail to take
    /// one: it is for the moment in which a migration has frozen the count.
    ///
    /// @kernel mm/filemap.c: filemap_get_entry
    long get(long index) {
        long page = lookup(index);
        if (page == Page.NONE) {
            return Page.NONE;
        }
        if (folios.tryGet(page)) {
            if (lookup(index) == page) {
                return page;
            }
            machine.put(page);
        }
        lock.lock();
        try {
            long current = lookup(index);
            if (current != Page.NONE) {
                folios.get(current);
            }
            return current;
        } finally {
            lock.unlock();
        }
    }

    /// The first index in `[index, end)` that has a page; `end` if there is none. What changes
    /// meanwhile may be seen or not.
    long next(long index, long end) {
        long at = index;
        while (at < end) {
            Root top = root;
            if (top == null || !top.covers(at)) {
                return end;
            }
            int height = top.height();
            Object node = top.node();
            while (height > 0 && node instanceof Branch branch) {
                node = OBJECTS.getAcquire(branch.children, slot(at, height));
                height--;
            }
            if (node instanceof Leaf leaf) {
                if ((long) LONGS.getAcquire(leaf.words, slot(at, 0)) != 0) {
                    return at;
                }
                at++;
            } else {
                int skipped = SHIFT * (height + 1);
                at = ((at >>> skipped) + 1) << skipped;
            }
        }
        return end;
    }

    /// Puts a page in an empty place. The tree's reference is taken here.
    ///
    /// @return false if the place is taken
    /// @kernel mm/filemap.c: __filemap_add_folio
    boolean add(long index, long page) {
        lock.lock();
        try {
            if (lookup(index) != Page.NONE) {
                return false;
            }
            Leaf leaf = leafOrNew(index);
            folios.get(page);
            leaf.used++;
            pageCount++;
            LONGS.setRelease(leaf.words, slot(index, 0), page + 1);
            return true;
        } finally {
            lock.unlock();
        }
    }

    private Leaf leafOrNew(long index) {
        Root top = root;
        if (top == null) {
            top = new Root(new Leaf(), 0);
        }
        while (!top.covers(index)) {
            Branch above = new Branch();
            OBJECTS.setRelease(above.children, 0, top.node());
            above.used = 1;
            top = new Root(above, top.height() + 1);
        }
        root = top;
        Object node = top.node();
        for (int height = top.height(); height > 0; height--) {
            Branch branch = (Branch) node;
            int slot = slot(index, height);
            Object child = branch.children[slot];
            if (child == null) {
                child = height == 1 ? new Leaf() : new Branch();
                OBJECTS.setRelease(branch.children, slot, child);
                branch.used++;
            }
            node = child;
        }
        return (Leaf) node;
    }

    /// Takes a page out. The tree's reference becomes the caller's.
    ///
    /// @kernel mm/filemap.c: __filemap_remove_folio
    void remove(long index, long page) {
        lock.lock();
        try {
            assert lookup(index) == page;
            clearLocked(index);
        } finally {
            lock.unlock();
        }
    }

    private void clearLocked(long index) {
        Leaf leaf = lookupLeaf(index);
        assert leaf != null;
        LONGS.setRelease(leaf.words, slot(index, 0), 0L);
        leaf.used--;
        pageCount--;
        if (leaf.used == 0) {
            prune(index);
        }
    }

    /// Takes a page out if nobody but this tree and the caller has a reference to it. All its
    /// references are frozen then.
    ///
    /// @return false, and nothing changed, if somebody has
    /// @kernel mm/vmscan.c: __remove_mapping
    boolean removeUnused(long index, long page) {
        lock.lock();
        try {
            if (lookup(index) != page || !folios.freezeReferences(page, 2)) {
                return false;
            }
            clearLocked(index);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// Cuts off the empty nodes on the way to an index.
    private void prune(long index) {
        Root top = root;
        assert top != null;
        if (pageCount == 0) {
            root = null;
            return;
        }
        Branch[] path = new Branch[top.height()];
        Object node = top.node();
        for (int height = top.height(); height > 0; height--) {
            Branch branch = (Branch) node;
            path[height - 1] = branch;
            Object child = branch.children[slot(index, height)];
            assert child != null;
            node = child;
        }
        for (int height = 1; height <= top.height(); height++) {
            Branch branch = path[height - 1];
            OBJECTS.setRelease(branch.children, slot(index, height), null);
            branch.used--;
            if (branch.used > 0) {
                return;
            }
        }
    }

    /// Puts the destination of a migration in the place of its source, if nobody but the migration,
    /// and this tree, has a reference to the source. The tree's reference moves with it.
    ///
    /// @param expectedReferences to the source, that of the tree included
    /// @param moveState what else is to be moved while nobody can take a reference
    /// @return false, and nothing changed, if there are other references
    /// @kernel mm/migrate.c: __folio_migrate_mapping
    boolean replace(long index, long from, long to, int expectedReferences, Runnable moveState) {
        lock.lock();
        try {
            Leaf leaf = lookupLeaf(index);
            if (leaf == null
                    || lookup(index) != from
                    || !folios.freezeReferences(from, expectedReferences)) {
                return false;
            }
            moveState.run();
            folios.get(to);
            LONGS.setRelease(leaf.words, slot(index, 0), to + 1);
            folios.unfreezeReferences(from, expectedReferences - 1);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// Pages in the tree.
    long pageCount() {
        lock.lock();
        try {
            return pageCount;
        } finally {
            lock.unlock();
        }
    }
}
