package farpage.mm.migrate;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.lock.Stepping;
import farpage.mm.lock.YieldPoint;
import farpage.mm.memory.FolioOrders;
import farpage.mm.notifier.MmuNotifierRange;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A migration of pages of one VMA: of a range, or of a list of pages that lie anywhere in it. The
/// mmap lock is held, for reading at least, from [#setup(Vma, long, long)] to [#finish()], and
/// *finish* follows every *setup* that succeeded.
///
/// The arrays belong to the migration: the driver reads [#src(int)] and stores [#setDst(int,
/// long)]. An instance can be used again after *finish*.
///
/// ```
/// if (migrate.setup(vma, start, end).isOk()) {
///     // for each migrating src: allocate, lock, copy, setDst
///     migrate.pages();
///     // update the device's page table
///     migrate.finish();
/// }
/// ```
///
/// @kernel include/linux/migrate.h: struct migrate_vma
public final class MigrateVma implements Migration {
    private final MigrateSelect select;
    private final @Nullable Object owner;
    private long faultPage;
    private final FolioOrders orders;
    private final long[] pageNumbers;
    private final long[] src;
    private final long[] dst;
    private PhaseClock clock = new PhaseClock();
    private long[] scratch = new long[0];

    /// Made when pages first lie apart.
    private @Nullable LookAhead lookAhead;

    private @Nullable Vma vma;
    private long end;
    private int pageCount;
    private int migratingCount;
    private int migratedCount;
    private boolean hasLarge;
    private boolean hasHoles;
    private boolean notified;
    private boolean collapses;

    /// @param pageCountMax the most base pages that one *setup* may cover
    /// @param select which pages are collected
    /// @param owner the `owner` of the pagemap that the migration is from or to, by identity
    /// @param faultPage the locked device page of a CPU fault, else [Page#NONE]
    public MigrateVma(
            int pageCountMax, MigrateSelect select, @Nullable Object owner, long faultPage) {
        this(pageCountMax, select, owner, faultPage, FolioOrders.BASE);
    }

    /// @param orders the large folios that the driver can use; the others are cut
    public MigrateVma(
            int pageCountMax,
            MigrateSelect select,
            @Nullable Object owner,
            long faultPage,
            FolioOrders orders) {
        this.pageNumbers = new long[pageCountMax];
        this.src = new long[pageCountMax];
        this.dst = new long[pageCountMax];
        this.select = select;
        this.owner = owner;
        this.faultPage = faultPage;
        this.orders = orders;
    }

    /// Sets the fault page of the next *setup*.
    ///
    /// @param page as for the constructor
    public void setFaultPage(long page) {
        assert vma == null : "a migration is under way";
        faultPage = page;
    }

    /// Has a clock measure its phases.
    public MigrateVma timedBy(PhaseClock phaseClock) {
        clock = phaseClock;
        return this;
    }

    /// Whether the driver may give the base pages of 2 MiB one large folio of its own memory as
    /// their destination, its word at the first of them and none at the others. They become that
    /// folio, or where that can not be, the folio becomes base pages. Linux has no such thing:
    /// there such pages stay.
    public MigrateVma collapsing(boolean on) {
        collapses = on;
        return this;
    }

    /// Collects and unmaps the pages of `[start, end)`, which is rounded down to pages.
    ///
    /// @return EINVAL if the VMA is of a kind without ordinary pages, the range is empty or not
    ///   within the VMA, or the fault page is no locked device-private page; OK otherwise, also if
    ///   nothing can migrate
    /// @kernel mm/migrate_device.c: migrate_vma_setup
    public Errno setup(Vma vma, long start, long end) {
        assert this.vma == null : "the migration before this one was not finished";
        assert vma.mm().isLocked();
        long pages = PageSize.pageNumber(end - start);
        if ((vma.flags() & (VmFlags.SPECIAL | VmFlags.HUGETLB)) != 0
                || end < start
                || pages <= 0
                || !vma.contains(start)
                || end > vma.end()
                || !isLegalFaultPage(vma.mm().machine())) {
            return Errno.EINVAL;
        }
        long first = PageSize.pageNumber(start);
        long count = PageSize.pageNumber(end) - first;
        assert count <= src.length : "more pages than the migration has room for";
        this.pageCount = (int) count;
        for (int i = 0; i < pageCount; i++) {
            pageNumbers[i] = first + i;
        }
        collect(vma);
        return Errno.OK;
    }

    /// Collects and unmaps pages wherever they lie in the VMA. Mirrors are told of the stretch from
    /// the first to the last of them.
    ///
    /// @param numbers page numbers in ascending order, none twice, from `from` on
    /// @return EINVAL as for a range
    public Errno setup(Vma vma, long[] numbers, int from, int count) {
        assert this.vma == null : "the migration before this one was not finished";
        assert vma.mm().isLocked();
        assert count <= src.length : "more pages than the migration has room for";
        if ((vma.flags() & (VmFlags.SPECIAL | VmFlags.HUGETLB)) != 0
                || count <= 0
                || !vma.contains(PageSize.pageAddress(numbers[from]))
                || !vma.contains(PageSize.pageAddress(numbers[from + count - 1]))
                || !isLegalFaultPage(vma.mm().machine())) {
            return Errno.EINVAL;
        }
        this.pageCount = count;
        System.arraycopy(numbers, from, pageNumbers, 0, count);
        collect(vma);
        return Errno.OK;
    }

    private void collect(Vma vma) {
        this.vma = vma;
        this.end = address(pageCount - 1) + PageSize.PAGE_SIZE;
        this.notified = false;
        clock.enter(MigratePhase.COLLECT);
        if (isScattered()) {
            lookAhead()
                    .atMappedPages(
                            vma.mm().pageTable(),
                            vma.mm().machine().folios(),
                            pageNumbers,
                            pageCount);
        }
        Arrays.fill(dst, 0, pageCount, MigratePfn.SKIP);
        MigrateCollect collection =
                new MigrateCollect(vma, select, owner, faultPage, orders, pageNumbers, src);
        migratingCount = collection.collect(pageCount);
        hasLarge = collection.hasLarge();
        hasHoles = collection.hasHoles();
        if (collection.isUnmappingLeft()) {
            clock.enter(MigratePhase.UNMAP);
            migratingCount =
                    new MigrateUnmap(vma.mm().machine(), faultPage, src, pageCount).unmap();
        }
        assert Stepping.point(YieldPoint.MIGRATE_SETUP);
    }

    /// Whether its pages lie so far apart that hardly two of them share a cache line of a page
    /// table.
    public boolean isScattered() {
        return LookAhead.isWorthwhile(pageNumbers, pageCount);
    }

    private LookAhead lookAhead() {
        LookAhead present = lookAhead;
        if (present == null) {
            present = new LookAhead();
            lookAhead = present;
        }
        return present;
    }

    private boolean isLegalFaultPage(Machine machine) {
        return faultPage == Page.NONE
                || Page.isDevicePrivate(faultPage) && machine.folios().isLocked(faultPage);
    }

    /// The most pages that one *setup* may cover.
    public int capacity() {
        return src.length;
    }

    @Override
    public int pageCount() {
        return pageCount;
    }

    @Override
    public int migratingCount() {
        return migratingCount;
    }

    /// Words whose pages have moved, after *pages*. That of a large folio is one.
    public int migratedCount() {
        return migratedCount;
    }

    /// Whether some words stand for more than one page, after *setup*.
    public boolean hasLarge() {
        return hasLarge;
    }

    @Override
    public boolean hasBasePagesOnly() {
        return !hasLarge && !hasHoles;
    }

    public long address(int index) {
        return PageSize.pageAddress(pageNumbers[index]);
    }

    /// The number of a page in its process.
    public long pageNumber(int index) {
        assert index < pageCount;
        return pageNumbers[index];
    }

    @Override
    public long src(int index) {
        assert index < pageCount;
        return MigratePfn.ofDriver(src[index]);
    }

    @Override
    public long dst(int index) {
        assert index < pageCount;
        return dst[index];
    }

    @Override
    public void setDst(int index, long word) {
        assert index < pageCount;
        assert MigratePfn.isMigrating(src[index]) || src[index] == MigratePfn.SKIP;
        dst[index] = word;
    }

    @Override
    public boolean mayCut() {
        return true;
    }

    @Override
    public void pages() {
        clock.enter(MigratePhase.PAGES);
        Vma mapped = openVma();
        if (isScattered()) {
            lookAhead()
                    .atCollectedPages(
                            mapped.mm().pageTable(),
                            mapped.mm().machine().folios(),
                            pageNumbers,
                            src,
                            pageCount);
        }
        MigrateInsert insert = new MigrateInsert(mapped);
        MigratePages move =
                new MigratePages(mapped.mm().machine(), faultPage, src, dst, mayCut())
                        .collectedFrom(mapped, pageNumbers);
        if (collapses) {
            move.collapsingWith(new CollapseUnmapped(mapped, pageNumbers, src, dst));
        }
        migratedCount =
                move.migrate(
                        pageCount,
                        (index, page) -> {
                            notifyInsertion(mapped, address(index));
                            return insert.insert(address(index), page);
                        });
        if (notified) {
            mapped.mm().notifiers().end();
        }
        assert Stepping.point(YieldPoint.MIGRATE_PAGES);
    }

    /// Mirrors of the zero page must hear of the first insertion, and of all that may follow it.
    private void notifyInsertion(Vma mapped, long address) {
        if (!notified) {
            notified = true;
            boolean started =
                    mapped.mm().notifiers().start(MmuNotifierRange.migrate(address, end, owner));
            assert started;
        }
    }

    @Override
    public void finish() {
        clock.enter(MigratePhase.FINISH);
        Vma mapped = openVma();
        new MigrateFinish(mapped.mm().machine(), faultPage, src, dst, pageCount, scratch())
                .finish(mapped, pageNumbers);
        vma = null;
        assert Stepping.point(YieldPoint.MIGRATE_FINISHED);
    }

    private long[] scratch() {
        if (scratch.length == 0) {
            scratch = new long[2 * src.length];
        }
        return scratch;
    }

    private Vma openVma() {
        Vma open = vma;
        assert open != null : "no migration is under way";
        return open;
    }
}
