package farpage.mm;

import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Forgets which pages of a process were used, so that a later look at them tells which were used
/// since: what a number written to `/proc/PID/clear_refs` does.
///
/// To find stores, entries lose write; the fault of the next store makes them soft-dirty. An entry
/// that stands for a page elsewhere just loses the bit: a writable page on a device stays writable,
/// and what the device stores there is not noticed.
///
/// @kernel fs/proc/task_mmu.c: clear_refs_write
final class ClearRefs {
    /// Which bits, of which mappings.
    enum Kind {
        ALL(1),
        ANONYMOUS(2),
        MAPPED(3),
        SOFT_DIRTY(4);

        private final int number;

        Kind(int number) {
            this.number = number;
        }
    }

    private final Mm mm;
    private final FolioTable folios;
    private final Kind kind;

    private ClearRefs(Mm mm, Kind kind) {
        this.mm = mm;
        this.folios = mm.machine().folios();
        this.kind = kind;
    }

    /// The mmap lock is held for writing.
    ///
    /// @return EINVAL for a number that means nothing
    static Errno clear(Mm mm, int number) {
        for (Kind kind : Kind.values()) {
            if (kind.number == number) {
                new ClearRefs(mm, kind).clear();
                return Errno.OK;
            }
        }
        return Errno.EINVAL;
    }

    private void clear() {
        boolean softDirty = kind == Kind.SOFT_DIRTY;
        if (softDirty) {
            for (Vma vma : mm.vmas()) {
                vma.setFlags(vma.flags() & ~VmFlags.SOFTDIRTY);
            }
            boolean started =
                    mm.notifiers()
                            .start(
                                    MmuNotifierRange.of(
                                            MmuNotifierRange.Event.SOFT_DIRTY, 0, Long.MAX_VALUE));
            assert started;
        }
        for (Vma vma : mm.vmas()) {
            if (isMeant(vma)) {
                clear(vma);
            }
        }
        if (softDirty) {
            mm.notifiers().end();
        }
    }

    /// @kernel fs/proc/task_mmu.c: clear_refs_test_walk
    private boolean isMeant(Vma vma) {
        if ((vma.flags() & (VmFlags.PFNMAP | VmFlags.HUGETLB)) != 0) {
            return false;
        }
        return switch (kind) {
            case ALL, SOFT_DIRTY -> true;
            case ANONYMOUS -> vma.file() == null;
            case MAPPED -> vma.file() != null;
        };
    }

    private void clear(Vma vma) {
        mm.pageTable()
                .walkLeaves(
                        vma.start(),
                        vma.end(),
                        (leaf, from, to) -> clearLocked(vma, leaf, from, to));
    }

    private void clearLocked(Vma vma, PageTableLeaf leaf, long from, long to) {
        if (leaf.isHugeLocked()) {
            assert PageTableLeaf.isWhole(from, to) : "a huge mapping lies in one VMA";
            leaf.setPmdLocked(clearedHuge(leaf.pmdLocked()));
            return;
        }
        for (long address = from; address < to; address += PageSize.PAGE_SIZE) {
            int slot = PageTableLeaf.slot(address);
            long entry = leaf.entryLocked(slot);
            long cleared =
                    kind == Kind.SOFT_DIRTY
                            ? withoutSoftDirty(vma, entry)
                            : withoutReference(entry);
            if (cleared != entry) {
                leaf.setEntryLocked(slot, cleared);
            }
        }
    }

    /// The word of a huge mapping. Whether the folio is pinned is not asked, and that of a device's
    /// folio stays soft-dirty.
    ///
    /// @kernel fs/proc/task_mmu.c: clear_soft_dirty_pmd, clear_refs_pte_range
    private long clearedHuge(long word) {
        if (kind == Kind.SOFT_DIRTY) {
            return PageTableEntry.isDevicePrivate(word)
                    ? word
                    : PageTableEntry.withoutSoftDirty(
                            PageTableEntry.isPresent(word)
                                    ? PageTableEntry.withoutWrite(word)
                                    : word);
        }
        if (!PageTableEntry.isPresent(word)) {
            return word;
        }
        folios.clearFlag(PageTableEntry.page(word), FolioFlags.REFERENCED | FolioFlags.YOUNG);
        return PageTableEntry.withoutYoung(word);
    }

    /// A page that is pinned may be stored to without an entry at any time, so it stays soft-dirty.
    ///
    /// @kernel fs/proc/task_mmu.c: clear_soft_dirty, pte_is_pinned
    private long withoutSoftDirty(Vma vma, long entry) {
        if (!PageTableEntry.isPresent(entry)) {
            return PageTableEntry.withoutSoftDirty(entry);
        }
        boolean pinned =
                PageTableEntry.isWritable(entry)
                        && vma.isCopyOnWrite()
                        && folios.isMaybePinned(PageTableEntry.page(entry));
        return pinned ? entry : PageTableEntry.withoutSoftDirty(PageTableEntry.withoutWrite(entry));
    }

    /// @kernel fs/proc/task_mmu.c: clear_refs_pte_range
    private long withoutReference(long entry) {
        if (!PageTableEntry.isPresent(entry) || PageTableEntry.isSpecial(entry)) {
            return entry;
        }
        folios.clearFlag(PageTableEntry.page(entry), FolioFlags.REFERENCED | FolioFlags.YOUNG);
        return PageTableEntry.withoutYoung(entry);
    }
}
