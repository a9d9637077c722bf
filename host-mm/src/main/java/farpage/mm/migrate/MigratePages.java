package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmStat;
import farpage.mm.Vma;
import farpage.mm.hugememory.HugePageCounters;
import farpage.mm.memory.FolioTable;
import farpage.mm.rmap.AnonVma;
import org.jspecify.annotations.Nullable;

/// Phase *pages*: what is known about each page moves from the source to the destination. From here
/// on the destination is the page; only the entries still name the source.
///
/// @kernel mm/migrate_device.c: __migrate_device_pages
final class MigratePages {
    private final Machine machine;
    private final FolioTable folios;
    private final long faultPage;
    private final long[] src;
    private final long[] dst;
    private final SplitUnmapped split;
    private final MoveFolioState state;
    private final boolean mayCut;

    private @Nullable CollapseUnmapped collapse;
    private @Nullable AnonVma anonVma;

    private long[] pageNumbers = new long[0];

    /// What makes the number of a page its index in the reverse map.
    private long indexOffset;

    /// @param mayCut whether large sources can be cut, which the kernel does only where it knows
    ///   the VMA
    MigratePages(Machine machine, long faultPage, long[] src, long[] dst, boolean mayCut) {
        this.machine = machine;
        this.folios = machine.folios();
        this.faultPage = faultPage;
        this.src = src;
        this.dst = dst;
        this.mayCut = mayCut;
        this.split = new SplitUnmapped(machine, faultPage, src, dst);
        this.state = new MoveFolioState(machine);
    }

    /// Fills holes, one folio at a time. Where there is no VMA there are no holes.
    @FunctionalInterface
    interface HoleFiller {
        /// Puts the folio in the place of the hole.
        ///
        /// @return false if the page can not be put there
        boolean fill(int index, long page);
    }

    /// The pages are those of a VMA, so that where its reverse map would find them is known.
    ///
    /// @param numbers of the pages
    MigratePages collectedFrom(Vma vma, long[] numbers) {
        anonVma = vma.anonVma();
        state.collectedFrom(vma);
        pageNumbers = numbers;
        indexOffset = vma.pageIndex(vma.start()) - PageSize.pageNumber(vma.start());
        return this;
    }

    /// Base pages whose destination is one large folio are joined.
    MigratePages collapsingWith(CollapseUnmapped collapseUnmapped) {
        collapse = collapseUnmapped;
        return this;
    }

    /// Moves what has a destination.
    ///
    /// @return the words whose pages have moved; holes have none to move
    int migrate(int pageCount, HoleFiller holes) {
        int words = 0;
        int migrated = 0;
        int failed = 0;
        for (int i = 0; i < pageCount; ) {
            if (!MigratePfn.isMigrating(src[i])) {
                i++;
                continue;
            }
            if (collapse != null && collapse.isAsked(i)) {
                if (collapse.collapse(i, pageCount)) {
                    machine.hugePages().counters().count(HugePageCounters.Event.MIGRATION_SUCCESS);
                    words++;
                    migrated += PageSize.ENTRIES_PER_TABLE;
                    i += PageSize.ENTRIES_PER_TABLE;
                    continue;
                }
                boolean _ = collapse.cut(i, pageCount); // else no base page fits, and all stay
            }
            if (faultPage == Page.NONE && tryMoveBasePage(i)) {
                words++;
                migrated++;
                i++;
                continue;
            }
            if (MigratePfn.isCompound(src[i]) && cutIfNeeded(i)) {
                continue; // its pieces are next
            }
            int order = MigratePfn.order(src[i]);
            if (migrateFolio(i, order, holes)) {
                words += MigratePfn.hasPage(src[i]) ? 1 : 0;
                migrated += 1 << order;
                if (MigratePfn.isBasePage(src[i]) && isWhereCollected(i, MigratePfn.page(src[i]))) {
                    src[i] = MigratePfn.withSole(src[i]);
                }
            } else {
                src[i] = MigratePfn.withoutMigrate(src[i]);
                failed += 1 << order;
            }
            i += 1 << order;
        }
        machine.vmStat().count(VmStat.Event.PGMIGRATE_SUCCESS, migrated);
        machine.vmStat().count(VmStat.Event.PGMIGRATE_FAIL, failed);
        return words;
    }

    /// The short way: a base page that goes to a base page, and that nobody else holds.
    private boolean tryMoveBasePage(int i) {
        if (!MigratePfn.isBasePage(src[i])
                || !MigratePfn.hasPage(dst[i])
                || MigratePfn.isCompound(dst[i])) {
            return false;
        }
        long from = MigratePfn.page(src[i]);
        long to = MigratePfn.page(dst[i]);
        if (!folios.hasOneReference(from)) {
            return false;
        }
        // The state of a sole page moves when it is published, in one step with that.
        if (!MigratePfn.isSoleBasePage(src[i])) {
            state.migrateState(from, to);
            if (isWhereCollected(i, from)) {
                src[i] = MigratePfn.withSole(src[i]);
            }
        }
        state.moveCharge(from, to);
        return true;
    }

    /// Whether the reverse map finds a page at the place where it was collected.
    private boolean isWhereCollected(int i, long from) {
        return anonVma != null && folios.isAt(from, anonVma, pageNumbers[i] + indexOffset);
    }

    /// A large source with destinations of another size becomes several sources; a large hole,
    /// several holes.
    private boolean cutIfNeeded(int i) {
        int order = MigratePfn.order(src[i]);
        int newOrder = split.destinationOrder(i);
        if (newOrder < 0 || newOrder >= order) {
            return false;
        }
        if (MigratePfn.hasPage(src[i])) {
            if (mayCut && split.split(i, newOrder)) {
                machine.hugePages().counters().count(HugePageCounters.Event.MIGRATION_SPLIT);
                return true;
            }
            return false;
        }
        for (int done = 0; done < 1 << order; done += 1 << newOrder) {
            src[i + done] = MigratePfn.ofHole(newOrder);
        }
        return true;
    }

    /// The destination must be of the size of the source.
    private boolean migrateFolio(int i, int order, HoleFiller holes) {
        long to = MigratePfn.page(dst[i]);
        if (to == Page.NONE || MigratePfn.order(dst[i]) != order) {
            return false;
        }
        long from = MigratePfn.page(src[i]);
        boolean moved = from == Page.NONE ? holes.fill(i, to) : moveState(from, to);
        if (order == PageSize.HPAGE_PMD_ORDER) {
            machine.hugePages()
                    .counters()
                    .count(
                            moved
                                    ? HugePageCounters.Event.MIGRATION_SUCCESS
                                    : HugePageCounters.Event.MIGRATION_FAIL);
        }
        return moved;
    }

    private boolean moveState(long from, long to) {
        return state.move(from, to, 1 + (FaultFolio.is(folios, faultPage, from) ? 1 : 0));
    }
}
