package farpage.mm.ksm;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.lock.RankedLock;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where the pass is, and the way to its next page: process after process, address after address.
/// The lock of the passes is held; the list of processes has a lock of its own, for a process
/// enters it under its mmap lock.
///
/// @kernel mm/ksm.c: struct ksm_scan, scan_get_next_rmap_item
final class KsmScan {
    private final Machine machine;
    private final FolioTable folios;
    private final MergedPages merged;
    private final KsmCounters counters;
    private final RankedLock listLock;
    private final List<MmSlot> slots = new ArrayList<>();

    private boolean smart = true;
    private @Nullable MmSlot current;
    private long nextAddress;
    private long page = Page.NONE;

    KsmScan(Machine machine, MergedPages merged, KsmCounters counters, RankedLock listLock) {
        this.machine = machine;
        this.folios = machine.folios();
        this.merged = merged;
        this.counters = counters;
        this.listLock = listLock;
    }

    // The processes.

    void enter(Mm mm) {
        listLock.lock();
        if (lookupSlotLocked(mm) == null) {
            slots.add(new MmSlot(mm));
        }
        listLock.unlock();
    }

    @Nullable MmSlot lookupSlot(Mm mm) {
        listLock.lock();
        try {
            return lookupSlotLocked(mm);
        } finally {
            listLock.unlock();
        }
    }

    private @Nullable MmSlot lookupSlotLocked(Mm mm) {
        for (MmSlot slot : slots) {
            if (slot.mm() == mm) {
                return slot;
            }
        }
        return null;
    }

    boolean isEmpty() {
        listLock.lock();
        try {
            return slots.isEmpty();
        } finally {
            listLock.unlock();
        }
    }

    /// Forgets a process and all its items.
    void remove(MmSlot slot) {
        if (slot == current) {
            current = slotAfter(slot);
            nextAddress = 0;
        }
        forget(slot.allItems());
        listLock.lock();
        slots.remove(slot);
        listLock.unlock();
    }

    private void forget(Collection<RmapItem> items) {
        for (RmapItem item : items) {
            merged.removeFromTrees(item);
        }
        items.clear();
    }

    private @Nullable MmSlot slotAfter(@Nullable MmSlot slot) {
        listLock.lock();
        try {
            int next = slot == null ? 0 : slots.indexOf(slot) + 1;
            return next < slots.size() ? slots.get(next) : null;
        } finally {
            listLock.unlock();
        }
    }

    long itemCount() {
        listLock.lock();
        try {
            return slots.stream().mapToLong(MmSlot::itemCount).sum();
        } finally {
            listLock.unlock();
        }
    }

    // The pass.

    void setSmart(boolean newSmart) {
        smart = newSmart;
    }

    boolean isAtStart() {
        return current == null;
    }

    /// The next page's item, with a reference to the page; null when the pass is over.
    @Nullable RmapItem next() {
        if (current == null) {
            current = slotAfter(null);
            nextAddress = 0;
        }
        while (current != null) {
            MmSlot slot = current;
            RmapItem item = nextIn(slot);
            if (item != null) {
                return item;
            }
            current = slotAfter(slot);
            nextAddress = 0;
            removeUnlessMergeable(slot);
        }
        return null;
    }

    /// The page of the item that [#next()] found.
    long page() {
        return page;
    }

    void putPage() {
        machine.put(page);
        page = Page.NONE;
    }

    private @Nullable RmapItem nextIn(MmSlot slot) {
        Mm mm = slot.mm();
        mm.lockRead();
        try {
            Vma vma = mm.isExited() ? null : mm.lookupVmaFrom(nextAddress);
            while (vma != null) {
                RmapItem item = isCandidate(vma) ? nextIn(slot, vma) : null;
                if (item != null) {
                    return item;
                }
                vma = mm.lookupVmaFrom(vma.end());
            }
            forget(slot.items(nextAddress, Long.MAX_VALUE).values());
            return null;
        } finally {
            mm.unlockRead();
        }
    }

    private static boolean isCandidate(Vma vma) {
        return (vma.flags() & VmFlags.MERGEABLE) != 0 && vma.anonVma() != null;
    }

    private @Nullable RmapItem nextIn(MmSlot slot, Vma vma) {
        PageTable pageTable = vma.mm().pageTable();
        long at = pageTable.nextMapped(Math.max(nextAddress, vma.start()), vma.end());
        while (at < vma.end()) {
            long stop = PageTable.leafEnd(at, vma.end());
            for (long address = at; address < stop; address += PageSize.PAGE_SIZE) {
                long found = merged.getPageAt(vma, address);
                if (found == Page.NONE) {
                    continue;
                }
                forget(slot.items(nextAddress, address).values());
                nextAddress = address + PageSize.PAGE_SIZE;
                RmapItem item = slot.itemOrNew(address);
                if (folios.hasFlag(found, FolioFlags.KSM) || !smart || !item.skipsPass()) {
                    page = found;
                    return item;
                }
                counters.pagesSkipped++;
                merged.removeFromTrees(item);
                machine.put(found);
            }
            at = pageTable.nextMapped(stop, vma.end());
        }
        return null;
    }

    /// A process without mergeable memory leaves the list, until it advises merging again.
    private void removeUnlessMergeable(MmSlot slot) {
        Mm mm = slot.mm();
        mm.lockRead();
        try {
            boolean mergeable = false;
            if (!mm.isExited()) {
                for (Vma vma : mm.vmas()) {
                    mergeable |= (vma.flags() & VmFlags.MERGEABLE) != 0;
                }
            }
            if (!mergeable) {
                remove(slot);
            }
        } finally {
            mm.unlockRead();
        }
    }
}
