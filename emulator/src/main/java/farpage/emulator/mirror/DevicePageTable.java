package farpage.emulator.mirror;

import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.migrate.MigrateVma;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// The page table of a device for one process: page number to [DevicePte] word.
///
/// A radix tree of three levels with leaves of 512 words, so that ranges are walked and erased leaf
/// by leaf and neighbouring look-ups find the same leaf. All methods but the lock's own need the
/// lock; it has the rank `DRIVER_UPDATE` and is held while the device touches memory through the
/// entries, which is what makes an invalidation wait for the device.
///
/// @kernel lib/test_hmm.c: pt (an xarray) and mutex of struct dmirror
public final class DevicePageTable {
    private static final int LEAF_SHIFT = PageSize.LEVEL_SHIFT;
    private static final int LEAF_ENTRIES = 1 << LEAF_SHIFT;
    private static final int BRANCH_SHIFT = 13;
    private static final int BRANCHES = 1 << BRANCH_SHIFT;

    /// Pages of which the leaves are looked up before their entries are read.
    private static final int LOOK_AHEAD = 128;

    /// Page numbers of a 47-bit space.
    private static final long PAGE_NUMBERS = 1L << (LEAF_SHIFT + 2 * BRANCH_SHIFT);

    private final RankedLock lock = new RankedLock(LockRank.DRIVER_UPDATE);
    private final @Nullable Branch[] root = new Branch[BRANCHES];
    private long entryCount;

    /// Those of them that name pages of the system.
    private long systemEntryCount;

    /// Those of them that name pages of other devices, each of which is given up when it goes.
    private long peerEntryCount;

    /// Is told of each of these that goes.
    private final LongConsumer peerGone;

    /// The leaf used last, by its number.
    private @Nullable Leaf cachedLeaf;

    /// The leaf that was emptied last, for the next that is needed.
    private @Nullable Leaf spareLeaf;

    private long cachedNumber = -1;

    /// The leaves of pages that are read ahead.
    private final @Nullable Leaf[] ahead = new Leaf[LOOK_AHEAD];

    /// Keeps what is read ahead from being left out.
    @SuppressWarnings("UnusedVariable") // read, the compiler would leave out what it is made of
    private long seen;

    private static final class Leaf {
        private final long[] entries = new long[LEAF_ENTRIES];
        private int count;
    }

    private static final class Branch {
        private final @Nullable Leaf[] leaves = new Leaf[BRANCHES];
        private int count;
    }

    /// An empty table of a device that uses no other one's memory.
    public DevicePageTable() {
        this(page -> {
            throw new AssertionError(Page.describe(page) + " was never to be mapped");
        });
    }

    /// An empty table.
    ///
    /// @param peerGone is told, under the lock, of each page of another device that it names no
    ///   more
    public DevicePageTable(LongConsumer peerGone) {
        this.peerGone = peerGone;
    }

    public void lock() {
        lock.lock();
    }

    /// Takes the lock if nobody has it.
    public boolean tryLock() {
        return lock.tryLock();
    }

    public void unlock() {
        lock.unlock();
    }

    public boolean isLocked() {
        return lock.isHeldByCurrentThread();
    }

    /// The entry of a page; [DevicePte#NONE] also for numbers that no process can map.
    public long entryLocked(long pageNumber) {
        assert isLocked();
        if (pageNumber < 0 || pageNumber >= PAGE_NUMBERS) {
            return DevicePte.NONE;
        }
        Leaf leaf = lookupLeaf(pageNumber >>> LEAF_SHIFT);
        return leaf == null ? DevicePte.NONE : leaf.entries[slot(pageNumber)];
    }

    public void setEntryLocked(long pageNumber, long entry) {
        setEntriesLocked(pageNumber, 1, entry);
    }

    /// Stores entries for pages in a row: the one given, and those of the pages that follow its
    /// own, as for a large folio.
    public void setEntriesLocked(long pageNumber, int count, long entry) {
        assert isLocked();
        assert pageNumber >= 0 && pageNumber + count <= PAGE_NUMBERS : pageNumber;
        assert DevicePte.isPresent(entry);
        if (peerEntryCount > 0) {
            givePeersUp(pageNumber, pageNumber + count);
        }
        peerEntryCount += DevicePte.isPeer(entry) ? count : 0;
        for (int done = 0; done < count; ) {
            Leaf leaf = leafOrNew((pageNumber + done) >>> LEAF_SHIFT);
            int slot = slot(pageNumber + done);
            int stop = Math.min(LEAF_ENTRIES, slot + count - done);
            int fresh = 0;
            int system = isOfSystem(entry) ? stop - slot : 0;
            for (; slot < stop; slot++, done++) {
                long before = leaf.entries[slot];
                fresh += DevicePte.isPresent(before) ? 0 : 1;
                system -= isOfSystem(before) ? 1 : 0;
                leaf.entries[slot] = DevicePte.following(entry, done);
            }
            leaf.count += fresh;
            entryCount += fresh;
            systemEntryCount += system;
        }
    }

    private static boolean isOfSystem(long entry) {
        return DevicePte.isPresent(entry) && !Page.isDevice(DevicePte.page(entry));
    }

    /// Drops the entries of `[start, end)`, and nothing else.
    public void eraseLocked(long startPageNumber, long endPageNumber) {
        assert isLocked();
        long end = Math.min(endPageNumber, PAGE_NUMBERS);
        long at = startPageNumber;
        if (peerEntryCount > 0) {
            givePeersUp(at, end);
        }
        while (at < end && entryCount > 0) {
            long number = at >>> LEAF_SHIFT;
            Branch branch = root[branchIndex(number)];
            if (branch == null) {
                at = ((number >>> BRANCH_SHIFT) + 1) << (BRANCH_SHIFT + LEAF_SHIFT);
                continue;
            }
            long stop = Math.min(end, (number + 1) << LEAF_SHIFT);
            Leaf leaf = branch.leaves[leafIndex(number)];
            if (leaf != null) {
                eraseInLeaf(leaf, slot(at), (int) (stop - at));
                if (leaf.count == 0) {
                    dropLeaf(branch, number);
                }
            }
            at = stop;
        }
    }

    /// Tells of the pages of other devices in a range, whose entries go next.
    private void givePeersUp(long start, long end) {
        for (long at = nextPresentLocked(start, end); at >= 0; ) {
            long entry = entryLocked(at);
            if (DevicePte.isPeer(entry)) {
                peerEntryCount--;
                peerGone.accept(DevicePte.page(entry));
            }
            at = nextPresentLocked(at + 1, end);
        }
    }

    private void eraseInLeaf(Leaf leaf, int slot, int count) {
        long[] entries = leaf.entries;
        int left = leaf.count;
        int system = 0;
        for (int i = slot; i < slot + count && left > 0; i++) {
            long before = entries[i];
            if (DevicePte.isPresent(before)) {
                entries[i] = DevicePte.NONE;
                left--;
                system += isOfSystem(before) ? 1 : 0;
            }
        }
        entryCount -= leaf.count - left;
        systemEntryCount -= system;
        leaf.count = left;
    }

    private void dropLeaf(Branch branch, long number) {
        spareLeaf = branch.leaves[leafIndex(number)];
        branch.leaves[leafIndex(number)] = null;
        branch.count--;
        if (branch.count == 0) {
            root[branchIndex(number)] = null;
        }
        cachedLeaf = null;
        cachedNumber = -1;
    }

    /// The first page at or after a number that has an entry; -1 if there is none.
    public long nextPresentLocked(long fromPageNumber) {
        return nextPresentLocked(fromPageNumber, PAGE_NUMBERS);
    }

    /// The first page of `[fromPageNumber, endPageNumber)` that has an entry; -1 if there is none.
    public long nextPresentLocked(long fromPageNumber, long endPageNumber) {
        assert isLocked();
        long at = fromPageNumber;
        while (at < endPageNumber) {
            long number = at >>> LEAF_SHIFT;
            Branch branch = root[branchIndex(number)];
            if (branch == null) {
                at = ((number >>> BRANCH_SHIFT) + 1) << (BRANCH_SHIFT + LEAF_SHIFT);
                continue;
            }
            Leaf leaf = branch.leaves[leafIndex(number)];
            long stop = Math.min(endPageNumber, (number + 1) << LEAF_SHIFT);
            for (; leaf != null && at < stop; at++) {
                if (DevicePte.isPresent(leaf.entries[slot(at)])) {
                    return at;
                }
            }
            at = stop;
        }
        return -1;
    }

    /// Entries in the table.
    public long entryCountLocked() {
        assert isLocked();
        return entryCount;
    }

    /// Entries in the table that name pages of the system.
    public long systemEntryCountLocked() {
        assert isLocked();
        return systemEntryCount;
    }

    /// Entries in the table that name pages of other devices.
    public long peerEntryCountLocked() {
        assert isLocked();
        return peerEntryCount;
    }

    /// Reads the entries of pages that lie apart, which are about to change, so that their cache
    /// lines come in side by side.
    public void lookAheadLocked(MigrateVma migration) {
        assert isLocked();
        if (!migration.isScattered()) {
            return;
        }
        for (int from = 0; from < migration.pageCount(); from += LOOK_AHEAD) {
            int count = Math.min(LOOK_AHEAD, migration.pageCount() - from);
            for (int i = 0; i < count; i++) {
                ahead[i] = lookupLeaf(migration.pageNumber(from + i) >>> LEAF_SHIFT);
            }
            long sum = 0;
            for (int i = 0; i < count; i++) {
                Leaf leaf = ahead[i];
                sum ^= leaf == null ? 0 : leaf.entries[slot(migration.pageNumber(from + i))];
            }
            seen ^= sum;
        }
    }

    private @Nullable Leaf lookupLeaf(long number) {
        if (number == cachedNumber) {
            return cachedLeaf;
        }
        Branch branch = root[branchIndex(number)];
        Leaf leaf = branch == null ? null : branch.leaves[leafIndex(number)];
        if (leaf != null) {
            cachedLeaf = leaf;
            cachedNumber = number;
        }
        return leaf;
    }

    private Leaf leafOrNew(long number) {
        Leaf present = lookupLeaf(number);
        if (present != null) {
            return present;
        }
        Branch branch = root[branchIndex(number)];
        if (branch == null) {
            branch = new Branch();
            root[branchIndex(number)] = branch;
        }
        Leaf leaf = spareLeaf == null ? new Leaf() : spareLeaf;
        spareLeaf = null;
        branch.leaves[leafIndex(number)] = leaf;
        branch.count++;
        cachedLeaf = leaf;
        cachedNumber = number;
        return leaf;
    }

    private static int slot(long pageNumber) {
        return (int) pageNumber & (LEAF_ENTRIES - 1);
    }

    private static int leafIndex(long leafNumber) {
        return (int) leafNumber & (BRANCHES - 1);
    }

    private static int branchIndex(long leafNumber) {
        return (int) (leafNumber >>> BRANCH_SHIFT);
    }
}
