package farpage.mm;

import farpage.mm.hugememory.SplitPmd;
import farpage.mm.hugetlb.HugetlbMapping;
import farpage.mm.memory.FolioFlags;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Changes entries after the flags of their VMA changed.
///
/// A writable device-private entry becomes the read type by any change, also by one that keeps or
/// grants write: nothing but the page's return to system memory makes it writable again.
///
/// @kernel mm/mprotect.c: change_pte_range
public final class Mprotect {
    private Mprotect() {}

    /// Changes the access of a range, VMA by VMA. The mmap lock is held for writing.
    ///
    /// @return ENOMEM at a hole, EACCES at a VMA that can not get that access, EINVAL in the middle
    ///   of a page of the pool; what lies below was changed
    static Errno protect(Mm mm, long start, long end, int access) {
        VmaTree vmas = mm.vmaTree();
        for (long at = start; at < end; ) {
            Vma vma = vmas.lookup(at);
            if (vma == null) {
                return Errno.ENOMEM;
            }
            int flags = vma.flags() & ~VmFlags.ACCESS | access;
            if ((access & ~(flags >>> 4) & VmFlags.ACCESS) != 0) {
                return Errno.EACCES;
            }
            long stop = Math.min(vma.end(), end);
            if (!HugetlbMapping.mayCut(vma, at) || !HugetlbMapping.mayCut(vma, stop)) {
                return Errno.EINVAL;
            }
            if (flags != vma.flags()) {
                boolean populates = becomesStorable(vma.flags(), flags);
                Vma part = vmas.modifyFlags(at, stop, accounted(vma, flags));
                change(part, at, stop, Purpose.ACCESS);
                if (populates) {
                    Populate.vma(part, at, stop);
                }
            }
            at = stop;
        }
        return Errno.OK;
    }

    /// Locked memory that was of no use to stores so far gets the pages that they need.
    ///
    /// @kernel mm/mprotect.c: mprotect_fixup
    private static boolean becomesStorable(int before, int flags) {
        int mask = VmFlags.WRITE | VmFlags.SHARED | VmFlags.LOCKED;
        return (before & mask) == VmFlags.LOCKED && (flags & VmFlags.WRITE) != 0;
    }

    /// Private memory that becomes writable is accounted from then on; memory that was never
    /// touched ceases to be when it is no longer writable.
    ///
    /// @kernel mm/mprotect.c: mprotect_fixup
    private static int accounted(Vma vma, int flags) {
        int exempt =
                VmFlags.ACCOUNT
                        | VmFlags.WRITE
                        | VmFlags.HUGETLB
                        | VmFlags.SHARED
                        | VmFlags.NORESERVE;
        if ((flags & VmFlags.WRITE) != 0) {
            return (vma.flags() & exempt) == 0 ? flags | VmFlags.ACCOUNT : flags;
        }
        return vma.isAnonymous() && vma.anonVma() == null ? flags & ~VmFlags.ACCOUNT : flags;
    }

    /// What entries are changed for.
    private enum Purpose {
        ACCESS,
        UFFD_WP,
        UFFD_WP_RESOLVE
    }

    /// Has the stores to the pages of a range reported to userfaultfd, or no longer. The mmap lock
    /// is held.
    ///
    /// @kernel mm/userfaultfd.c: uffd_wp_range
    static void writeProtect(Vma vma, long start, long end, boolean protect) {
        change(vma, start, end, protect ? Purpose.UFFD_WP : Purpose.UFFD_WP_RESOLVE);
    }

    private static void change(Vma vma, long start, long end, Purpose purpose) {
        Mm mm = vma.mm();
        boolean started =
                mm.notifiers()
                        .start(
                                MmuNotifierRange.of(
                                        MmuNotifierRange.Event.PROTECTION_VMA, start, end));
        assert started;
        SplitPmd.walkLeaves(
                vma,
                start,
                end,
                (leaf, from, to) -> {
                    if (leaf.isHugeLocked()) {
                        leaf.setPmdLocked(changedHuge(vma, leaf.pmdLocked(), purpose));
                    } else {
                        changeLocked(vma, purpose, leaf, from, to);
                    }
                });
        mm.notifiers().end();
    }

    private static void changeLocked(
            Vma vma, Purpose purpose, PageTableLeaf leaf, long from, long to) {
        for (long address = from; address < to; address += PageSize.PAGE_SIZE) {
            int slot = PageTableLeaf.slot(address);
            long entry = leaf.entryLocked(slot);
            long changed = changed(vma, entry, purpose);
            if (changed != entry) {
                leaf.setEntryLocked(slot, changed);
            }
        }
    }

    /// A huge mapping of a device's folio keeps its soft-dirty bit, which an entry of a page loses.
    ///
    /// @kernel mm/huge_memory.c: change_huge_pmd, change_non_present_huge_pmd
    private static long changedHuge(Vma vma, long word, Purpose purpose) {
        long changed = changed(vma, word, purpose);
        return PageTableEntry.isDevicePrivate(word) && PageTableEntry.isSoftDirty(word)
                ? PageTableEntry.withSoftDirty(changed)
                : changed;
    }

    private static long changed(Vma vma, long entry, Purpose purpose) {
        if (PageTableEntry.isNone(entry) || PageTableEntry.isMarker(entry)) {
            return entry;
        }
        long asked =
                switch (purpose) {
                    case ACCESS -> entry;
                    case UFFD_WP -> PageTableEntry.withUffdWp(entry);
                    case UFFD_WP_RESOLVE -> PageTableEntry.withoutUffdWp(entry);
                };
        return PageTableEntry.isPresent(asked)
                ? changedPresent(vma, asked)
                : downgraded(vma, asked);
    }

    private static long changedPresent(Vma vma, long entry) {
        long readOnly =
                PageTableEntry.withProtNone(
                        PageTableEntry.withoutWrite(entry), !vma.isAccessible());
        return vma.mapsWritable() || !vma.isHugetlb() && canChangeWritable(vma, entry)
                ? PageTableEntry.withWrite(readOnly)
                : readOnly;
    }

    private static long downgraded(Vma vma, long entry) {
        if (PageTableEntry.isWritableDevicePrivate(entry)) {
            return PageTableEntry.asReadDevicePrivate(entry);
        }
        if (PageTableEntry.isWritableMigration(entry)) {
            return PageTableEntry.asMigrationType(
                    entry,
                    vma.mm().machine().folios().isAnonymous(PageTableEntry.page(entry))
                            ? PageTableEntry.TYPE_MIGRATION_READ_EXCLUSIVE
                            : PageTableEntry.TYPE_MIGRATION_READ);
        }
        return entry;
    }

    /// Whether a store would only be let through by its fault anyway: the VMA permits it, nobody
    /// wants to hear of it, and the page is exclusive, or, in a shared mapping, its file knows
    /// already that it is dirty.
    ///
    /// @kernel mm/mprotect.c: can_change_pte_writable
    public static boolean canChangeWritable(Vma vma, long entry) {
        if (vma.mustNoticeStore(entry)) {
            return false;
        }
        if (vma.isShared()) {
            return vma.isWritable() && !vma.isUffdWp(entry) && PageTableEntry.isDirty(entry);
        }
        return vma.isWritable()
                && !PageTableEntry.isSpecial(entry)
                && !vma.isUffdWp(entry)
                && vma.mm()
                        .machine()
                        .folios()
                        .hasFlag(PageTableEntry.page(entry), FolioFlags.ANON_EXCLUSIVE);
    }
}
