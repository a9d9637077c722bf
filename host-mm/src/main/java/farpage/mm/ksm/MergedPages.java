package farpage.mm.ksm;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import org.jspecify.annotations.Nullable;

/// Decides for one page whether and with which other page it is merged. The lock of the passes is
/// held.
///
/// A page is first looked for in the stable tree. One that is not there waits in the unstable tree
/// for an equal, if it did not change since the last pass; two equal pages become one merged page.
///
/// @kernel mm/ksm.c: cmp_and_merge_page
final class MergedPages {
    private final Machine machine;
    private final FolioTable folios;
    private final PageContents contents;
    private final StableTree stable;
    private final UnstableTree unstable;
    private final MergePage mergePage;
    private int mappingsMax;
    private boolean usesZeroPages;

    MergedPages(Machine machine, KsmCounters counters, int mappingsMax) {
        this.machine = machine;
        this.folios = machine.folios();
        this.mappingsMax = mappingsMax;
        contents = new PageContents(machine.ram());
        stable = new StableTree(machine, contents, counters);
        unstable = new UnstableTree(counters);
        mergePage = new MergePage(machine, contents);
    }

    StableTree stable() {
        return stable;
    }

    void setMappingsMax(int max) {
        mappingsMax = max;
    }

    void setUsesZeroPages(boolean uses) {
        usesZeroPages = uses;
    }

    void beginPass() {
        unstable.beginPass();
    }

    void removeFromTrees(RmapItem item) {
        stable.detach(item);
        unstable.remove(item);
    }

    /// A reference to the page that is mapped at an address, if it is one that may be merged;
    /// [Page#NONE] if not. The mmap lock is held.
    long getPageAt(Vma vma, long address) {
        PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(address);
        if (leaf == null) {
            return Page.NONE;
        }
        leaf.lock();
        long entry = leaf.entryLocked(PageTableLeaf.slot(address));
        long page = Page.NONE;
        if (PageTableEntry.isPresent(entry)
                && !PageTableEntry.isSpecial(entry)
                && MergePage.isAnonymous(folios, PageTableEntry.page(entry))) {
            page = PageTableEntry.page(entry);
            folios.get(page);
        }
        leaf.unlock();
        return page;
    }

    /// Looks for an equal of the page, which may belong to a large folio: that is split as soon as
    /// there is one. The caller has a reference to the page and no mmap lock.
    void merge(RmapItem item, long page) {
        if (folios.mapping(page) instanceof StableNode node && node.isInTree()) {
            mergeForked(item, node, page);
            return;
        }
        removeFromTrees(item);
        int checksum = contents.checksum(page);
        if (checksum != item.checksum) {
            item.checksum = checksum; // it changes; perhaps no longer in the next pass
            return;
        }
        if (usesZeroPages && checksum == contents.zeroChecksum() && mergeWithZeroPage(item, page)) {
            return;
        }
        StableNode node = stable.searchAndGet(page, checksum, mappingsMax);
        if (node != null) {
            long mergedPage = node.page();
            mergeInto(item, page, node, mergedPage);
            machine.put(mergedPage);
            return;
        }
        mergeWithUnstable(item, page);
    }

    /// A page that is merged already: in a child it has no item yet. The limit of mappings does not
    /// count, since the mapping is there.
    private void mergeForked(RmapItem item, StableNode node, long page) {
        if (item.stableNode != node) {
            removeFromTrees(item);
            mergeInto(item, page, node, page);
        }
    }

    private boolean mergeWithZeroPage(RmapItem item, long page) {
        boolean merged = replace(item, page, machine.zeroPage());
        if (merged) {
            item.anonVma = null;
        }
        return merged;
    }

    /// Maps a merged page in place of the page. The merged page is locked meanwhile, so that it
    /// does not migrate; if somebody else has locked it the next pass may try.
    ///
    /// @kernel mm/ksm.c: try_to_merge_with_ksm_page
    private void mergeInto(RmapItem item, long page, StableNode node, long mergedPage) {
        Mm mm = item.slot.mm();
        mm.lockRead();
        try {
            if (!folios.tryLock(mergedPage)) {
                return;
            }
            if (node.page() == mergedPage
                    && !Page.isDevice(mergedPage)
                    && replaceLocked(item, page, mergedPage)) {
                stable.append(item, node);
            }
            folios.unlock(mergedPage);
        } finally {
            mm.unlockRead();
        }
    }

    private boolean replace(RmapItem item, long page, long mergedPage) {
        Mm mm = item.slot.mm();
        mm.lockRead();
        try {
            return replaceLocked(item, page, mergedPage);
        } finally {
            mm.unlockRead();
        }
    }

    private boolean replaceLocked(RmapItem item, long page, long mergedPage) {
        Vma vma = lookupMergeableVma(item);
        if (vma == null || !mergePage.replaceBy(vma, item.address, page, mergedPage)) {
            return false;
        }
        setMapping(item, vma);
        return true;
    }

    private static void setMapping(RmapItem item, Vma vma) {
        AnonVma anonVma = vma.anonVma();
        assert anonVma != null;
        item.setMapping(anonVma, vma.pageIndex(item.address));
    }

    /// @kernel mm/ksm.c: find_mergeable_vma
    private static @Nullable Vma lookupMergeableVma(RmapItem item) {
        Mm mm = item.slot.mm();
        Vma vma = mm.isExited() ? null : mm.lookupVma(item.address);
        boolean mergeable =
                vma != null && (vma.flags() & VmFlags.MERGEABLE) != 0 && vma.anonVma() != null;
        return mergeable ? vma : null;
    }

    /// @kernel mm/ksm.c: unstable_tree_search_insert
    private void mergeWithUnstable(RmapItem item, long page) {
        for (RmapItem other : unstable.withChecksum(item.checksum)) {
            long otherPage = getPage(other);
            if (otherPage == Page.NONE) {
                return; // the tree is out of date; the next pass has a new one
            }
            if (otherPage == page) {
                machine.put(otherPage);
                return; // one page in two processes is merged already
            }
            if (contents.areIdentical(page, otherPage)) {
                mergeEqual(item, page, other, otherPage);
                return;
            }
            machine.put(otherPage);
        }
        unstable.insert(item);
    }

    /// Merges two pages, and drops the reference to the other. Two pages of one folio keep each
    /// other from being split from it, so they only are split now.
    private void mergeEqual(RmapItem item, long page, RmapItem other, long otherPage) {
        boolean merged = mergeTwo(item, page, other, otherPage);
        boolean sameFolio = folios.isLarge(page) && folios.head(page) == folios.head(otherPage);
        machine.put(otherPage);
        if (!merged && sameFolio) {
            mergePage.split(page);
        }
    }

    /// @kernel mm/ksm.c: get_mergeable_page
    private long getPage(RmapItem item) {
        Mm mm = item.slot.mm();
        mm.lockRead();
        try {
            Vma vma = lookupMergeableVma(item);
            return vma == null ? Page.NONE : getPageAt(vma, item.address);
        } finally {
            mm.unlockRead();
        }
    }

    /// The page becomes a merged page, and takes the place of the other.
    ///
    /// @return whether it does
    /// @kernel mm/ksm.c: try_to_merge_two_pages
    private boolean mergeTwo(RmapItem item, long page, RmapItem other, long otherPage) {
        StableNode node = upgrade(item, page);
        if (node == null) {
            return false;
        }
        unstable.remove(other);
        if (!replace(other, otherPage, page)) {
            breakCopyOnWrite(item);
            return false;
        }
        folios.lock(page);
        if (node.page() == page) {
            stable.insert(node);
            stable.append(other, node);
            stable.append(item, node);
        }
        folios.unlock(page);
        return true;
    }

    private @Nullable StableNode upgrade(RmapItem item, long page) {
        Mm mm = item.slot.mm();
        mm.lockRead();
        try {
            Vma vma = lookupMergeableVma(item);
            StableNode node = vma == null ? null : mergePage.upgrade(vma, item.address, page);
            if (vma != null && node != null) {
                setMapping(item, vma);
            }
            return node;
        } finally {
            mm.unlockRead();
        }
    }

    /// Gives the page up again that was to be merged. Without memory for a copy it stays merged
    /// with nothing, and its mapping read-only, as in the kernel.
    ///
    /// @kernel mm/ksm.c: break_cow
    private void breakCopyOnWrite(RmapItem item) {
        item.anonVma = null;
        Mm mm = item.slot.mm();
        mm.lockRead();
        try {
            Vma vma = lookupMergeableVma(item);
            if (vma != null) {
                var _ = BreakKsm.unmerge(vma, item.address, item.address + 1);
            }
        } finally {
            mm.unlockRead();
        }
    }
}
