package farpage.mm.pagetable;

import farpage.mm.PageSize;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/// What a process maps in 2 MiB of addresses: an entry of the PMD level, the table of 512 entries
/// that it may point to, and the lock under which both change.
///
/// ```
/// empty ──an entry is set──> table ──all entries NONE, clearLocked()──> empty
///   │                          ^
///   └──setPmdLocked()──> huge ─┘ splitLocked()
/// ```
///
/// A *huge* leaf maps its 2 MiB by one word, which has the form of a [PageTableEntry] and names the
/// head of a large folio, or the huge zero page. Its 512 entries are then the deposited table, so
/// that a split needs no memory. Who reads the entry of a page of a huge leaf sees the part of that
/// word that stands for the page; to change a single one the mapping must be split first.
///
/// It is its own lock; the locks of two leaves are taken nested in `fork`, that of the parent
/// first, and in moves of entries, that of the lower address or, under the mmap lock for writing,
/// any.
///
/// The lock stands for the TLB as well. A load or store of the modelled CPU holds it while it
/// touches memory, so who changes an entry under the lock knows that no access through the old
/// entry is under way: that is what the kernel's TLB flush tells it.
///
/// A leaf that was cut off from its table is dead: its entries are NONE and stay so, and who locked
/// it must look up the leaf again.
///
/// @kernel include/linux/mm.h: pte_offset_map_lock, pmd_lock; mm/memory.c: free_pgtables;
///   mm/pgtable-generic.c: pgtable_trans_huge_deposit
public final class PageTableLeaf extends RankedLock {
    private static final long serialVersionUID = 1L;

    /// A word that is no entry.
    private static final long TABLE = -1;

    private static final VarHandle ENTRIES = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle PMD;

    static {
        try {
            PMD = MethodHandles.lookup().findVarHandle(PageTableLeaf.class, "pmd", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final long[] entries = new long[PageSize.ENTRIES_PER_TABLE];

    /// The word of a huge leaf; [PageTableEntry#NONE] while empty; [#TABLE] for a table.
    private long pmd;

    private boolean dead;

    PageTableLeaf() {
        super(LockRank.PAGE_TABLE);
    }

    /// The entry's place in its leaf.
    public static int slot(long address) {
        return (int) (address >>> PageSize.PAGE_SHIFT) & (PageSize.ENTRIES_PER_TABLE - 1);
    }

    /// Whether a range, which lies in one leaf, is all of it.
    public static boolean isWhole(long start, long end) {
        return end - start == PageSize.PMD_SIZE;
    }

    /// Locks the leaf; false, and not locked, if it is dead.
    public boolean lockIfAlive() {
        lock();
        if (dead) {
            unlock();
            return false;
        }
        return true;
    }

    /// The entry as it was a moment ago; only a hint until it is read again under the lock.
    public long entryAcquire(int slot) {
        long word = (long) PMD.getAcquire(this);
        return isHuge(word) ? ofPage(word, slot) : (long) ENTRIES.getAcquire(entries, slot);
    }

    public long entryLocked(int slot) {
        assert isHeldByCurrentThread();
        return isHuge(pmd) ? ofPage(pmd, slot) : entries[slot];
    }

    /// Changes one entry; not of a huge leaf. An empty leaf becomes a table.
    public void setEntryLocked(int slot, long entry) {
        assert isHeldByCurrentThread();
        assert !dead;
        assert !isHuge(pmd) : "one entry of a huge mapping can not be changed";
        if (pmd != TABLE && entry != PageTableEntry.NONE) {
            PMD.setRelease(this, TABLE);
        }
        ENTRIES.setRelease(entries, slot, entry);
    }

    /// Stores what an access left in an entry, or in the word of a huge leaf.
    ///
    /// @param used the entry with the marks of the access
    public void markAccessLocked(int slot, long used, boolean write) {
        assert isHeldByCurrentThread();
        if (isHuge(pmd)) {
            PMD.setRelease(this, PageTableEntry.withAccess(pmd, write));
        } else {
            ENTRIES.setRelease(entries, slot, used);
        }
    }

    // The level above.

    private static boolean isHuge(long word) {
        return word != TABLE && word != PageTableEntry.NONE;
    }

    /// What the word says of one of its pages.
    private static long ofPage(long word, int slot) {
        return PageTableEntry.following(word, slot);
    }

    /// Whether one entry maps it all; only a hint until it is asked again under the lock.
    public boolean isHugeAcquire() {
        return isHuge((long) PMD.getAcquire(this));
    }

    /// Whether one entry maps it all.
    ///
    /// @kernel include/linux/huge_mm.h: pmd_trans_huge_lock
    public boolean isHugeLocked() {
        assert isHeldByCurrentThread();
        return isHuge(pmd);
    }

    /// Whether there is neither a table nor a mapping; only a hint until asked again.
    public boolean isEmptyAcquire() {
        return (long) PMD.getAcquire(this) == PageTableEntry.NONE;
    }

    /// Whether there is neither a table nor a mapping.
    ///
    /// @kernel include/linux/pgtable.h: pmd_none
    public boolean isEmptyLocked() {
        assert isHeldByCurrentThread();
        return pmd == PageTableEntry.NONE;
    }

    /// The word of a huge leaf, as it was a moment ago; NONE if it is none.
    public long pmdAcquire() {
        long word = (long) PMD.getAcquire(this);
        return isHuge(word) ? word : PageTableEntry.NONE;
    }

    /// The word of a huge leaf; NONE if it is none.
    public long pmdLocked() {
        assert isHeldByCurrentThread();
        return isHuge(pmd) ? pmd : PageTableEntry.NONE;
    }

    /// Maps all of it by one word, or changes that word; NONE makes the leaf empty. Not for a leaf
    /// that is a table.
    ///
    /// @kernel include/linux/pgtable.h: set_pmd_at
    public void setPmdLocked(long word) {
        assert isHeldByCurrentThread();
        assert !dead;
        assert pmd != TABLE;
        assert word != TABLE;
        PMD.setRelease(this, word);
    }

    /// Makes a huge leaf a table whose entries say what the word said, or what the caller sets
    /// next.
    ///
    /// @kernel mm/pgtable-generic.c: pgtable_trans_huge_withdraw
    public void splitLocked() {
        assert isHugeLocked();
        long word = pmd;
        for (int slot = 0; slot < entries.length; slot++) {
            ENTRIES.setRelease(entries, slot, ofPage(word, slot));
        }
        PMD.setRelease(this, TABLE);
    }

    /// Makes an empty leaf a table without an entry, as who goes over the entries of another table
    /// does first at the place where it is about to put them.
    ///
    /// @kernel include/linux/mm.h: pte_alloc
    public void makeTableLocked() {
        assert !isHugeLocked();
        assert !dead;
        PMD.setRelease(this, TABLE);
    }

    /// Makes a table without an entry an empty leaf.
    ///
    /// @kernel mm/khugepaged.c: pmdp_collapse_flush
    public void clearTableLocked() {
        assert isHeldByCurrentThread();
        assert isVacantLocked();
        PMD.setRelease(this, PageTableEntry.NONE);
    }

    /// Whether a table has no entry.
    public boolean isVacantLocked() {
        assert isHeldByCurrentThread();
        if (isHuge(pmd)) {
            return false;
        }
        for (long entry : entries) {
            if (!PageTableEntry.isNone(entry)) {
                return false;
            }
        }
        return true;
    }

    /// Marks the leaf dead; nothing may be mapped.
    void killLocked() {
        assert isVacantLocked();
        PMD.setRelease(this, PageTableEntry.NONE);
        dead = true;
    }
}
