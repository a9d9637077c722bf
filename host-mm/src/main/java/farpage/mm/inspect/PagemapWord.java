package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.pagetable.PageTableEntry;

/// One word of `/proc/PID/pagemap`: what a process may know of one of its pages.
///
/// ```
///  63 62 61 60 59 58 57 56 55 54                                  5 4       0
/// | P  S  F  0  0  G  W  X  D | PFN, or the offset of a swap type  | type    |
/// P present, S swapped, F file or shared memory, G guard, W uffd-wp, X mapped exclusively,
/// D soft-dirty
/// ```
///
/// A page on a device is told by its swap type and its PFN, or where it has none its device PFN.
///
/// @kernel fs/proc/task_mmu.c: pte_to_pagemap_entry; Documentation/admin-guide/mm/pagemap.rst
public final class PagemapWord {
    public static final long PRESENT = 1L << 63;
    public static final long SWAPPED = 1L << 62;
    public static final long FILE = 1L << 61;
    public static final long GUARD = 1L << 58;
    public static final long UFFD_WP = 1L << 57;
    public static final long EXCLUSIVE = 1L << 56;
    public static final long SOFT_DIRTY = 1L << 55;

    private static final int OFFSET_SHIFT = 5;
    private static final long FRAME_MASK = (1L << 55) - 1;
    private static final long TYPE_MASK = (1L << OFFSET_SHIFT) - 1;

    private PagemapWord() {}

    /// The word for an entry of a VMA; [PageTableEntry#NONE] for a hole.
    ///
    /// @param showsFrames whether the reader has CAP_SYS_ADMIN; without it the low bits are zero
    static long of(Vma vma, long entry, boolean showsFrames) {
        return of(vma, entry, MappedPage.of(entry), showsFrames);
    }

    /// The word for the page at an address that a huge mapping maps. Whether the first page is
    /// mapped exclusively is told of all of them. The huge zero page is taken for a file's.
    ///
    /// @param pmd the word of the mapping
    /// @kernel fs/proc/task_mmu.c: pagemap_pmd_range_thp
    static long ofHuge(Vma vma, long pmd, long address, boolean showsFrames) {
        long word = of(vma, PageWalk.ofPage(pmd, address), MappedPage.of(pmd), showsFrames);
        return PageTableEntry.isSpecial(pmd) ? word | FILE : word;
    }

    private static long of(Vma vma, long entry, long page, boolean showsFrames) {
        long word = (vma.flags() & VmFlags.SOFTDIRTY) != 0 ? SOFT_DIRTY : 0;
        if (PageTableEntry.isNone(entry)) {
            return word;
        }
        Machine machine = vma.mm().machine();
        boolean present = PageTableEntry.isPresent(entry);
        word |= present ? PRESENT : SWAPPED;
        word |= PageTableEntry.isSoftDirty(entry) ? SOFT_DIRTY : 0;
        word |= PageTableEntry.isUffdWp(entry) ? UFFD_WP : 0;
        if (PageTableEntry.isMarker(entry)) {
            int marks = PageTableEntry.marks(entry);
            word |= (marks & PageTableEntry.MARK_UFFD_WP) != 0 ? UFFD_WP : 0;
            word |= (marks & PageTableEntry.MARK_GUARD) != 0 ? GUARD : 0;
        }
        if (page != Page.NONE) {
            word |= MappedPage.isAnonymous(machine, page) ? 0 : FILE;
            word |= present && machine.folios().pageMapCount(page) == 1 ? EXCLUSIVE : 0;
        }
        return showsFrames ? word | frame(machine, entry) : word;
    }

    private static long frame(Machine machine, long entry) {
        if (PageTableEntry.isPresent(entry)) {
            return machine.pfns().pfnOrOffset(PageTableEntry.page(entry));
        }
        long offset =
                PageTableEntry.hasPage(entry)
                        ? machine.pfns().pfnOrOffset(PageTableEntry.page(entry))
                        : PageTableEntry.page(entry);
        return (offset << OFFSET_SHIFT | PageTableEntry.type(entry)) & FRAME_MASK;
    }

    public static boolean isPresent(long word) {
        return (word & PRESENT) != 0;
    }

    public static boolean isSwapped(long word) {
        return (word & SWAPPED) != 0;
    }

    /// The PFN of a page that is present.
    public static long pfn(long word) {
        assert isPresent(word);
        return word & FRAME_MASK;
    }

    /// The swap type of what is not present.
    public static int swapType(long word) {
        assert isSwapped(word);
        return (int) (word & TYPE_MASK);
    }

    /// The offset in its swap area, or the PFN or device PFN that a type of its own stands for.
    public static long swapOffset(long word) {
        assert isSwapped(word);
        return (word & FRAME_MASK) >>> OFFSET_SHIFT;
    }

    /// The word of the page after this one's, if that is the next frame or slot.
    static long following(long word, int pages) {
        if (isPresent(word)) {
            return word + pages;
        }
        return isSwapped(word) ? word + ((long) pages << OFFSET_SHIFT) : word;
    }

    /// The bits by name.
    public static String describe(long word) {
        StringBuilder text = new StringBuilder();
        if (isPresent(word)) {
            text.append("present pfn ").append(pfn(word));
        } else if (isSwapped(word)) {
            text.append("swapped type ")
                    .append(swapType(word))
                    .append(" offset ")
                    .append(swapOffset(word));
        } else {
            text.append("none");
        }
        append(text, word, FILE, "file");
        append(text, word, GUARD, "guard");
        append(text, word, UFFD_WP, "uffd-wp");
        append(text, word, EXCLUSIVE, "exclusive");
        append(text, word, SOFT_DIRTY, "soft-dirty");
        return text.toString();
    }

    private static void append(StringBuilder text, long word, long bit, String name) {
        if ((word & bit) != 0) {
            text.append(' ').append(name);
        }
    }
}
