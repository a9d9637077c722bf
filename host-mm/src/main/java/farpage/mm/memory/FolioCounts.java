package farpage.mm.memory;

import farpage.mm.Page;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/// The part of the memmap that counts: where the state of a page is, which folio it belongs to, and
/// the references, pins and mappings of that.
///
/// @kernel include/linux/page_ref.h, mm.h: folio_mapcount and its like
abstract class FolioCounts {
    /// How much one pin adds to the reference count of a small folio.
    ///
    /// @kernel include/linux/mm.h: GUP_PIN_COUNTING_BIAS
    public static final int PIN_BIAS = 1024;

    /// The order of the smallest large folio.
    public static final int LARGE_ORDER_MIN = 2;

    // Which tail's word of references counts what, from the head.
    private static final int ENTIRE_MAPPINGS = 1;
    private static final int ALL_MAPPINGS = 2;
    private static final int PINS = 3;

    private static final VarHandle SECTIONS =
            MethodHandles.arrayElementVarHandle(FolioSection[].class);

    private final @Nullable FolioSection[] systemSections;
    private final @Nullable FolioSection[] deviceSections;

    /// @param systemPageCount PFNs from 0
    /// @param devicePageCountMax the most device PFNs that may ever exist
    FolioCounts(long systemPageCount, long devicePageCountMax) {
        systemSections = new FolioSection[sectionCount(systemPageCount)];
        deviceSections = new FolioSection[sectionCount(devicePageCountMax)];
    }

    private static int sectionCount(long pageCount) {
        return Math.toIntExact((pageCount + FolioSection.PAGES - 1) >> FolioSection.SHIFT);
    }

    static int slot(long page) {
        return (int) page & (FolioSection.PAGES - 1);
    }

    /// The slot of the head of the folio that a page belongs to. A large folio is aligned to its
    /// size, so it never leaves its section.
    static int headSlot(FolioSection section, int slot) {
        int flags = section.flagsAcquire(slot);
        return FolioFlags.isTail(flags) ? slot & -(1 << FolioFlags.order(flags)) : slot;
    }

    private @Nullable FolioSection[] sections(long page) {
        return Page.isDevice(page) ? deviceSections : systemSections;
    }

    private static int sectionNumber(long page) {
        return (int) (Page.number(page) >> FolioSection.SHIFT);
    }

    /// A plain look, since the memmap of a section never changes once it is there, and whoever
    /// knows a page of it has learnt of it from one who saw it.
    final FolioSection section(long page) {
        FolioSection section = sections(page)[sectionNumber(page)];
        assert section != null : Page.describe(page) + " was never initialised";
        return section;
    }

    final FolioSection sectionOrNew(long page) {
        @Nullable FolioSection[] sections = sections(page);
        int number = sectionNumber(page);
        FolioSection section = (FolioSection) SECTIONS.getAcquire(sections, number);
        if (section == null) {
            FolioSection fresh =
                    Page.isDevicePrivate(page) || Page.isP2pdma(page)
                            ? new PrivateSection()
                            : new SystemSection();
            section = (FolioSection) SECTIONS.compareAndExchange(sections, number, null, fresh);
            if (section == null) {
                section = fresh;
            }
        }
        return section;
    }

    /// Whether the page was ever initialised; the others have no state to ask for.
    public boolean isKnown(long page) {
        return (FolioSection) SECTIONS.getAcquire(sections(page), sectionNumber(page)) != null;
    }

    /// The first page of the folio that a page belongs to.
    ///
    /// @kernel include/linux/page-flags.h: page_folio
    public long head(long page) {
        FolioSection section = section(page);
        int slot = slot(page);
        return page - (slot - headSlot(section, slot));
    }

    /// Whether the page belongs to a folio of more than one page.
    public boolean isLarge(long page) {
        return FolioFlags.order(section(page).flagsAcquire(slot(page))) > 0;
    }

    /// Pages of the folio.
    public int pageCount(long page) {
        return 1 << order(page);
    }

    /// The order of the folio that the page belongs to.
    public int order(long page) {
        return FolioFlags.order(section(page).flagsAcquire(slot(page)));
    }

    // References.

    public int refCount(long page) {
        FolioSection section = section(page);
        return section.referencesAcquire(headSlot(section, slot(page)));
    }

    public void get(long page) {
        get(page, 1);
    }

    /// Takes several references.
    ///
    /// @kernel include/linux/mm.h: folio_ref_add
    public void get(long page, int count) {
        FolioSection section = section(page);
        int before = section.getAndAddReferences(headSlot(section, slot(page)), count);
        assert before > 0 : "get on a free page, " + Page.describe(page);
    }

    /// Takes a reference unless the page is free. It may become so, and a part of another folio, at
    /// any moment before.
    ///
    /// @kernel include/linux/page_ref.h: folio_try_get, and the check of page_folio after it
    public boolean tryGet(long page) {
        if (!isKnown(page)) {
            return false;
        }
        FolioSection section = section(page);
        int slot = slot(page);
        while (true) {
            int flags = section.flagsAcquire(slot);
            int order = FolioFlags.order(flags);
            int head = FolioFlags.isTail(flags) ? slot & -(1 << order) : slot;
            if (section.tryGet(head, order)) {
                return true;
            }
            if ((section.flagsAcquire(slot) & FolioFlags.LARGE) == (flags & FolioFlags.LARGE)
                    && section.referencesAcquire(head) == 0) {
                return false;
            }
            Thread.onSpinWait();
        }
    }

    /// Drops a reference; true if it was the last, and the caller must free the folio.
    public boolean putTestZero(long page) {
        return putTestZero(page, 1);
    }

    /// Drops several references; true if they were the last.
    ///
    /// @kernel include/linux/mm.h: folio_put_refs
    public boolean putTestZero(long page, int count) {
        FolioSection section = section(page);
        int before = section.getAndAddReferences(headSlot(section, slot(page)), -count);
        assert before >= count : "put on a free page, " + Page.describe(page);
        return before == count;
    }

    /// Takes all references away for a moment, if there are as many as expected: nobody can take
    /// one until they are given back.
    ///
    /// @return false, and nothing changed, for another number of references
    /// @kernel include/linux/page_ref.h: folio_ref_freeze
    public boolean freezeReferences(long page, int expected) {
        FolioSection section = section(page);
        return section.casReferences(headSlot(section, slot(page)), expected, 0);
    }

    /// Gives a frozen folio its references back.
    ///
    /// @kernel include/linux/page_ref.h: folio_ref_unfreeze
    public void unfreezeReferences(long page, int count) {
        FolioSection section = section(page);
        boolean frozen = section.casReferences(headSlot(section, slot(page)), 0, count);
        assert frozen : Page.describe(page) + " is not frozen";
    }

    // Pins.

    /// Takes a pin: a reference that says that the bytes may be read or written at any time, by
    /// somebody who does not go through the page tables. A small folio counts its pins in the
    /// reference count, in steps of [#PIN_BIAS]; a large one has a count of its own.
    ///
    /// @kernel mm/gup.c: try_grab_folio
    public void pin(long page) {
        FolioSection section = section(page);
        int slot = headSlot(section, slot(page));
        boolean large = FolioFlags.order(section.flagsAcquire(slot)) > 0;
        int before = section.getAndAddReferences(slot, large ? 1 : PIN_BIAS);
        assert before > 0 : "pin on a free page, " + Page.describe(page);
        if (large) {
            section.getAndAddReferences(slot + PINS, 1);
        }
    }

    /// Drops a pin; true if it was the last reference, and the caller must free the folio.
    ///
    /// @kernel mm/gup.c: gup_put_folio
    public boolean unpinTestZero(long page) {
        FolioSection section = section(page);
        int slot = headSlot(section, slot(page));
        if (FolioFlags.order(section.flagsAcquire(slot)) > 0) {
            int pins = section.getAndAddReferences(slot + PINS, -1);
            assert pins > 0 : "unpin of a folio that is not pinned, " + Page.describe(page);
            return section.getAndAddReferences(slot, -1) == 1;
        }
        int before = section.getAndAddReferences(slot, -PIN_BIAS);
        assert before >= PIN_BIAS : "unpin of a page that is not pinned, " + Page.describe(page);
        return before == PIN_BIAS;
    }

    /// Whether somebody may have pinned the folio: never a false no, and yes by mistake only for a
    /// small folio with very many references.
    ///
    /// @kernel include/linux/mm.h: folio_maybe_dma_pinned
    public boolean isMaybePinned(long page) {
        FolioSection section = section(page);
        int slot = headSlot(section, slot(page));
        return FolioFlags.order(section.flagsAcquire(slot)) > 0
                ? section.referencesAcquire(slot + PINS) > 0
                : section.referencesAcquire(slot) >= PIN_BIAS;
    }

    // Mappings.

    /// Mappings of the folio: entries that map one of its pages, and PMD entries that map it whole.
    /// Each has a reference.
    ///
    /// @kernel include/linux/mm.h: folio_mapcount
    public int mapCount(long page) {
        FolioSection section = section(page);
        int slot = headSlot(section, slot(page));
        return FolioFlags.order(section.flagsAcquire(slot)) > 0
                ? section.referencesAcquire(slot + ALL_MAPPINGS)
                : section.mappingsAcquire(slot);
    }

    /// Mappings of this very page, be it by an entry of its own or by one of the whole folio.
    ///
    /// @kernel include/linux/mm.h: folio_precise_page_mapcount
    public int pageMapCount(long page) {
        return section(page).mappingsAcquire(slot(page)) + entireMapCount(page);
    }

    /// PMD entries that map the folio whole.
    ///
    /// @kernel include/linux/mm.h: folio_entire_mapcount
    public int entireMapCount(long page) {
        FolioSection section = section(page);
        int slot = headSlot(section, slot(page));
        return FolioFlags.order(section.flagsAcquire(slot)) > 0
                ? section.referencesAcquire(slot + ENTIRE_MAPPINGS)
                : 0;
    }

    /// Counts one more entry that maps the page.
    public void addMapping(long page) {
        addMappings(page, 1, 1);
    }

    /// Counts, for each of several pages in a row of one folio, so many more entries.
    public void addMappings(long page, int pageCount, int delta) {
        FolioSection section = section(page);
        int slot = slot(page);
        for (int at = slot; at < slot + pageCount; at++) {
            int before = section.getAndAddMappings(at, delta);
            assert before >= 0 : Page.describe(page);
        }
        countAllMappings(section, slot, pageCount * delta);
    }

    public void removeMapping(long page) {
        FolioSection section = section(page);
        int slot = slot(page);
        int before = section.getAndAddMappings(slot, -1);
        assert before > 0 : "unmapped too often, " + Page.describe(page);
        countAllMappings(section, slot, -1);
    }

    /// Counts one more PMD entry that maps the folio whole.
    public void addEntireMapping(long page) {
        FolioSection section = section(page);
        int slot = slot(page);
        section.getAndAddReferences(slot + ENTIRE_MAPPINGS, 1);
        section.getAndAddReferences(slot + ALL_MAPPINGS, 1);
    }

    public void removeEntireMapping(long page) {
        FolioSection section = section(page);
        int slot = slot(page);
        int before = section.getAndAddReferences(slot + ENTIRE_MAPPINGS, -1);
        assert before > 0 : "unmapped too often, " + Page.describe(page);
        section.getAndAddReferences(slot + ALL_MAPPINGS, -1);
    }

    private static void countAllMappings(FolioSection section, int slot, int delta) {
        int flags = section.flagsAcquire(slot);
        if (FolioFlags.order(flags) > 0) {
            section.getAndAddReferences(headSlot(section, slot) + ALL_MAPPINGS, delta);
        }
    }
}
