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
/// one reference for being there; a large folio has as many as it has pages, and is in or out as a
/// whole. Each of its slots names the page of its index, so that a look-up by any index finds the
/// folio, and splitting it changes no slot.
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
        // Of which folio a page is can change until there is a reference to the right one.
        if (!folios.isLarge(page) && folios.tryGet(page)) {
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

    /// Puts a folio in empty places. The tree's references are taken here.
    ///
    /// @param index of the first page
    /// @param head the first page
    /// @return false, and nothing changed, if one of the places is taken
    /// @kernel mm/filemap.c: __filemap_add_folio
    boolean add(long index, long head) {
        lock.lock();
        try {
            int pageCount = folios.pageCount(head);
            if (next(index, index + pageCount) < index + pageCount) {
                return false;
            }
            folios.get(head, pageCount);
            for (int i = 0; i < pageCount; i++) {
                Leaf leaf = leafOrNew(index + i);
                leaf.used++;
                LONGS.setRelease(leaf.words, slot(index + i, 0), head + i + 1);
            }
            this.pageCount += pageCount;
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

    /// Takes a folio out. The tree's references become the caller's.
    ///
    /// @param index of the first page
    /// @param head the first page
    /// @kernel mm/filemap.c: __filemap_remove_folio
    void remove(long index, long head) {
        lock.lock();
        try {
            clearLocked(index, head);
        } finally {
            lock.unlock();
        }
    }

    private void clearLocked(long index, long head) {
        for (int i = 0; i < folios.pageCount(head); i++) {
            Leaf leaf = lookupLeaf(index + i);
            assert leaf != null && lookup(index + i) == head + i;
            LONGS.setRelease(leaf.words, slot(index + i, 0), 0L);
            leaf.used--;
            pageCount--;
            if (leaf.used == 0) {
                prune(index + i);
            }
        }
    }

    /// Takes a folio out if nobody but this tree and the caller has a reference to it. All its
    /// references are frozen then.
    ///
    /// @param index of the first page
    /// @param head the first page
    /// @return false, and nothing changed, if somebody has
    /// @kernel mm/vmscan.c: __remove_mapping
    boolean removeUnused(long index, long head) {
        lock.lock();
        try {
            if (lookup(index) != head
                    || !folios.freezeReferences(head, 1 + folios.pageCount(head))) {
                return false;
            }
            clearLocked(index, head);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// Has a folio cut while nobody can take a reference to it, if nobody but this tree and the
    /// caller has one. Each piece has one reference for the caller then, and the tree's.
    ///
    /// @param index of the first page
    /// @param head the first page
    /// @param newOrder of the pieces
    /// @param cut what is done to the frozen folio
    /// @return false, and nothing changed, if there are other references
    /// @kernel mm/huge_memory.c: __folio_freeze_and_split_unmapped
    boolean split(long index, long head, int newOrder, Runnable cut) {
        lock.lock();
        try {
            int count = folios.pageCount(head);
            if (lookup(index) != head || !folios.freezeReferences(head, 1 + count)) {
                return false;
            }
            cut.run();
            int pieceSize = 1 << newOrder;
            for (long piece = head; piece < head + count; piece += pieceSize) {
                folios.unfreezeReferences(piece, 1 + pieceSize);
            }
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
    /// and this tree, has a reference to the source. The tree's references move with it. Both are
    /// heads of folios of one size.
    ///
    /// @param index of the first page
    /// @param expectedReferences to the source, those of the tree included
    /// @param moveState what else is to be moved while nobody can take a reference
    /// @return false, and nothing changed, if there are other references
    /// @kernel mm/migrate.c: __folio_migrate_mapping
    boolean replace(long index, long from, long to, int expectedReferences, Runnable moveState) {
        lock.lock();
        try {
            if (lookup(index) != from || !folios.freezeReferences(from, expectedReferences)) {
                return false;
            }
            moveState.run();
            int count = folios.pageCount(from);
            folios.get(to, count);
            for (int i = 0; i < count; i++) {
                Leaf leaf = lookupLeaf(index + i);
                assert leaf != null && lookup(index + i) == from + i;
                LONGS.setRelease(leaf.words, slot(index + i, 0), to + i + 1);
            }
            folios.unfreezeReferences(from, expectedReferences - count);
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
