package farpage.mm.userfaultfd;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.Vma;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import farpage.mm.rmap.NewAnonRmap;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Puts pages where there are none, whole pages at once, so that no access ever sees one half
/// filled.
///
/// @kernel mm/userfaultfd.c: mfill_atomic
final class FillPages {
    private static final long POISON = PageTableEntry.ofMarker(PageTableEntry.MARK_POISONED);

    private final Mm mm;
    private final Machine machine;

    /// What a place gets.
    enum Content {
        COPY,
        ZERO_PAGE,
        /// A mark: whoever comes there finds broken memory.
        POISON
    }

    private final Content content;

    /// What is copied; null if nothing is.
    private final @Nullable MemorySegment source;

    private final boolean writeProtect;

    /// @param writeProtect whether the first store to a page is to be reported too
    FillPages(Mm mm, MemorySegment source, boolean writeProtect) {
        this(mm, Content.COPY, source, writeProtect);
    }

    FillPages(Mm mm, Content content) {
        this(mm, content, null, false);
    }

    private FillPages(
            Mm mm, Content content, @Nullable MemorySegment source, boolean writeProtect) {
        this.mm = mm;
        this.machine = mm.machine();
        this.content = content;
        this.source = source;
        this.writeProtect = writeProtect;
    }

    /// Fills pages from the start on, up to the first one that can not be.
    ///
    /// @return ESRCH if the process has exited; ENOENT if the range is not within one registered
    ///   VMA; EINVAL to protect where it is not registered for that; EEXIST where something is
    ///   mapped; EFAULT beyond the source; ENOMEM; EAGAIN if some pages were filled before that
    UffdResult fill(long start, long length) {
        mm.lockRead();
        try {
            if (mm.isExited()) {
                return UffdResult.refused(Errno.ESRCH);
            }
            Vma vma = mm.lookupVma(start);
            if (vma == null || vma.userfaultfd() == null || length > vma.end() - start) {
                return UffdResult.refused(Errno.ENOENT);
            }
            if (writeProtect && !vma.hasUffdWp()) {
                return UffdResult.refused(Errno.EINVAL);
            }
            long done = 0;
            Errno errno = Errno.OK;
            while (done < length && errno.isOk()) {
                errno =
                        switch (content) {
                            case COPY -> copy(vma, start + done, done);
                            case ZERO_PAGE -> install(start + done, zeroPage(vma));
                            case POISON -> install(start + done, POISON);
                        };
                done += errno.isOk() ? PageSize.PAGE_SIZE : 0;
            }
            return new UffdResult(done > 0 && !errno.isOk() ? Errno.EAGAIN : errno, done);
        } finally {
            mm.unlockRead();
        }
    }

    /// Puts an entry in place that has no counted page.
    ///
    /// @kernel mm/userfaultfd.c: mfill_atomic_pte_zeropage, mfill_atomic_pte_poison
    private Errno install(long address, long entry) {
        PageTableLeaf leaf = mm.pageTable().leafOrNew(address);
        int slot = PageTableLeaf.slot(address);
        leaf.lock();
        boolean vacant = PageTableEntry.isNone(leaf.entryLocked(slot));
        if (vacant) {
            leaf.setEntryLocked(slot, entry);
        }
        leaf.unlock();
        return vacant ? Errno.OK : Errno.EEXIST;
    }

    private long zeroPage(Vma vma) {
        long entry = PageTableEntry.ofSpecial(machine.zeroPage());
        return PageTableEntry.withProtNone(entry, !vma.isAccessible());
    }

    /// @kernel mm/userfaultfd.c: mfill_atomic_pte_copy
    private Errno copy(Vma vma, long address, long offset) {
        assert source != null;
        AnonVma anonVma = mm.prepareAnonVma(vma);
        if (source.byteSize() - offset < PageSize.PAGE_SIZE) {
            return Errno.EFAULT;
        }
        long page = machine.allocateCharged(mm);
        if (page == Page.NONE) {
            return Errno.ENOMEM;
        }
        machine.ram().bytes(page).copyFrom(source.asSlice(offset, PageSize.PAGE_SIZE));
        PageTableLeaf leaf = mm.pageTable().leafOrNew(address);
        int slot = PageTableLeaf.slot(address);
        leaf.lock();
        boolean vacant = PageTableEntry.isNone(leaf.entryLocked(slot));
        if (vacant) {
            NewAnonRmap.add(vma, address, page, anonVma); // with the allocation's reference
            leaf.setEntryLocked(slot, entry(vma, page));
        }
        leaf.unlock();
        if (!vacant) {
            machine.put(page);
            return Errno.EEXIST;
        }
        mm.addRss(RssCounter.ANON, 1);
        return Errno.OK;
    }

    /// The entry of a page that was stored to, by whoever fills it.
    ///
    /// @kernel mm/userfaultfd.c: mfill_atomic_install_pte
    private long entry(Vma vma, long page) {
        long entry = PageTableEntry.withStore(PageTableEntry.ofPage(page, vma.isWritable()));
        if (writeProtect) {
            entry = PageTableEntry.withUffdWp(entry);
        }
        return vma.isAccessible() ? entry : PageTableEntry.withProtNone(entry, true);
    }
}
