package farpage.mm.pagetable;

import farpage.mm.PageSize;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/// The lowest level of a page table: 512 entries, 2 MiB of addresses, and the lock under which they
/// change.
///
/// The lock stands for the TLB as well. A load or store of the modelled CPU holds it while it
/// touches memory, so who changes an entry under the lock knows that no access through the old
/// entry is under way: that is what the kernel's TLB flush tells it.
///
/// A leaf that was cut off from its table is dead: its entries are NONE and stay so, and who locked
/// it must look up the leaf again.
///
/// @kernel include/linux/mm.h: pte_offset_map_lock; mm/memory.c: free_pgtables
public final class PageTableLeaf {
    private static final VarHandle ENTRIES = MethodHandles.arrayElementVarHandle(long[].class);

    private final long[] entries = new long[PageSize.ENTRIES_PER_TABLE];
    private final RankedLock lock = new RankedLock(LockRank.PAGE_TABLE);
    private boolean dead;

    PageTableLeaf() {}

    /// The entry's place in its leaf.
    public static int slot(long address) {
        return (int) (address >>> PageSize.PAGE_SHIFT) & (PageSize.ENTRIES_PER_TABLE - 1);
    }

    /// Locks a leaf that must be alive for as long as the caller holds what keeps the VMA.
    public void lock() {
        lock.lock();
    }

    /// Locks the leaf while another one is held: in `fork` that of the parent, in moves of entries
    /// that of the lower address or, under the mmap lock for writing, any.
    public void lockNested() {
        lock.lockNested();
    }

    /// Locks the leaf; false, and not locked, if it is dead.
    public boolean lockIfAlive() {
        lock.lock();
        if (dead) {
            lock.unlock();
            return false;
        }
        return true;
    }

    public void unlock() {
        lock.unlock();
    }

    /// The entry as it was a moment ago; only a hint until it is read again under the lock.
    public long entryAcquire(int slot) {
        return (long) ENTRIES.getAcquire(entries, slot);
    }

    public long entryLocked(int slot) {
        assert lock.isHeldByCurrentThread();
        return entries[slot];
    }

    public void setEntryLocked(int slot, long entry) {
        assert lock.isHeldByCurrentThread();
        assert !dead;
        ENTRIES.setRelease(entries, slot, entry);
    }

    /// Marks the leaf dead; its entries must be NONE.
    void killLocked() {
        assert lock.isHeldByCurrentThread();
        for (long entry : entries) {
            assert PageTableEntry.isNone(entry) : PageTableEntry.describe(entry);
        }
        dead = true;
    }
}
