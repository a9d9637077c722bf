package farpage.emulator.svm;

import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.copy.PageCopier;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.devmem.Evictor;
import farpage.emulator.devmem.SystemDestinations;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFault;
import farpage.mm.hugememory.HugePages;
import farpage.mm.memory.FolioTable;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.MigratePhase;
import farpage.mm.migrate.MigrateSelect;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.migrate.PhaseClock;
import java.util.function.IntSupplier;

/// Moves pages of mirrored processes to one device and back.
///
/// Commands go through in batches of at most [#BATCH_PAGES] pages. For each batch room is made on
/// the device first, under nothing but the device's `DRIVER_SVM` lock, since that may evict; then,
/// under the mmap lock, the ranges go through a [MigrationPipeline]. The CPU fault on a device page
/// takes its own short way and needs no lock of the device's.
///
/// @kernel lib/test_hmm.c: dmirror_migrate_to_device, dmirror_migrate_to_system,
///   dmirror_devmem_fault
public final class RangeMigrator {
    /// The most pages whose folios are locked at once.
    public static final int BATCH_PAGES = 16384;

    /// How many pages go with one copy where nothing else is asked for.
    public static final int COPY_PAGES = MigrationPipeline.COPY_PAGES;

    /// The fewest pages of a list that are worth a copy of their own.
    private static final int COPY_PAGES_MIN = 128;

    /// Copies that a list is cut into, if they do not become too small.
    private static final int COPIES_MIN = 4;

    /// The most pages of one collection, counted from the start of the range: a longer one is cut,
    /// so that the copy of one piece can go on while the next is collected.
    ///
    /// @kernel lib/test_hmm.c: PTRS_PER_PTE words in dmirror_migrate_to_device
    private static final int PIECE_PAGES = PageSize.ENTRIES_PER_TABLE;

    /// How often room is made for one batch.
    private static final int ROOM_ATTEMPTS = 4;

    private final Machine machine;
    private final DeviceMemory memory;
    private final Evictor evictor;
    private final PageCopier engine;
    private final boolean evicts;
    private final PhaseClock clock = new PhaseClock();

    private final FaultStorage faults;

    // Working storage, under the DRIVER_SVM lock.
    private final PageNumberSort sorter = new PageNumberSort();
    private final ToDevicePipeline toDevice;
    private final ToSystemPipeline toSystem;

    /// @param owner of the device's pages
    /// @param own selects them
    /// @param evicts whether pages of the device make room for others when its memory is full
    public RangeMigrator(
            Machine machine,
            DeviceMemory memory,
            Evictor evictor,
            PageCopier engine,
            Object owner,
            MigrateSelect own,
            boolean evicts) {
        this.machine = machine;
        this.memory = memory;
        this.evictor = evictor;
        this.engine = engine;
        this.evicts = evicts;
        this.faults = new FaultStorage(owner, memory.orders(), clock);
        this.toDevice =
                new ToDevicePipeline(
                        machine,
                        memory,
                        engine,
                        new MigrationSet(MigrateSelect.SYSTEM, owner, memory.orders(), clock),
                        BATCH_PAGES);
        this.toSystem =
                new ToSystemPipeline(
                        machine,
                        engine,
                        new MigrationSet(own, owner, memory.orders(), clock),
                        BATCH_PAGES);
    }

    /// Measures the phases of this device's migrations, evictions excepted.
    public PhaseClock phaseClock() {
        return clock;
    }

    // To the device.

    /// Migrates the pages of `[start, end)` that are in system memory or untouched. Nothing is
    /// held.
    ///
    /// @return EINVAL at the first address that no readable mapping covers; EIO after a failed
    ///   copy; OK also if pages stayed for want of memory
    public MigrationResult toDevice(ProcessMirror mirror, long start, long end) {
        long moved = 0;
        Errno errno = Errno.OK;
        memory.lock();
        try {
            for (long at = start; at < end && errno.isOk(); ) {
                long first = at;
                long stop = Math.min(end, at + PageSize.pageAddress(BATCH_PAGES));
                long valid = migratableEnd(mirror.mm(), first, stop);
                makeRoom(() -> missingPages(mirror, first, valid));
                gatherLarge(mirror, first, valid, at == start);
                MigrationResult result = batchToDevice(mirror, at, stop);
                moved += result.movedPages();
                errno = result.errno();
                at = stop;
            }
        } finally {
            memory.unlock();
        }
        return new MigrationResult(errno, moved);
    }

    /// Where the part of `[start, end)` ends that can migrate at all, so that no room is made for a
    /// range that will be refused.
    private static long migratableEnd(Mm mm, long start, long end) {
        mm.lockRead();
        try {
            long at = start;
            while (at < end && !mm.isExited()) {
                Vma vma = mm.lookupVma(at);
                if (vma == null || !vma.isReadable() || (vma.flags() & VmFlags.SPECIAL) != 0) {
                    break;
                }
                at = vma.end();
            }
            return Math.min(at, end);
        } finally {
            mm.unlockRead();
        }
    }

    private MigrationResult batchToDevice(ProcessMirror mirror, long start, long end) {
        Mm mm = mirror.mm();
        mm.lockRead();
        mirror.beginMigration();
        try {
            Errno errno = addRange(toDevice, mirror, start, end);
            MigrationResult result = toDevice.finish(mirror);
            return errno.isOk() ? result : new MigrationResult(errno, result.movedPages());
        } finally {
            mirror.endMigration();
            mm.unlockRead();
        }
    }

    /// Migrates single pages, wherever they lie. Pages without a readable mapping are left out.
    /// Nothing is held.
    ///
    /// @param pageNumbers in any order; they are gone through in ascending order
    /// @param pageCount how many of them
    /// @return OK, or EIO after a failed copy
    public MigrationResult toDevice(ProcessMirror mirror, long[] pageNumbers, int pageCount) {
        return toDevice(mirror, pageNumbers, pageCount, copyPages(pageCount));
    }

    /// The same with copies of a given size.
    ///
    /// @param copyPages how many go with one copy
    /// @return OK, or EIO after a failed copy
    public MigrationResult toDevice(
            ProcessMirror mirror, long[] pageNumbers, int pageCount, int copyPages) {
        long moved = 0;
        Errno errno = Errno.OK;
        memory.lock();
        try {
            long[] sorted = sorter.sorted(pageNumbers, pageCount);
            int count = sorter.count();
            for (int from = 0; from < count && errno.isOk(); from += BATCH_PAGES) {
                int first = from;
                int to = Math.min(count, from + BATCH_PAGES);
                if (memory.freePageCount() < to - from) {
                    makeRoom(() -> missingPages(mirror, sorted, first, to));
                }
                mirror.mm().lockRead();
                mirror.beginMigration();
                try {
                    addPages(toDevice, mirror, sorted, from, to, copyPages);
                    MigrationResult result = toDevice.finish(mirror);
                    moved += result.movedPages();
                    errno = result.errno();
                } finally {
                    mirror.endMigration();
                    mirror.mm().unlockRead();
                }
            }
        } finally {
            memory.unlock();
        }
        return new MigrationResult(errno, moved);
    }

    /// All OpenCL buffers that a migration needs are made here, before it holds any folio: a device
    /// that refuses one in an unexpected way ends the command with nothing to put back.
    ///
    /// The oldest pages on the device may be some of the batch itself. Those that left to make room
    /// need room again.
    private void makeRoom(IntSupplier missingPages) {
        int missing = missingPages.getAsInt();
        if (!evicts) {
            memory.grow(missing);
            return;
        }
        for (int attempt = 0; attempt < ROOM_ATTEMPTS; attempt++) {
            evictor.reserve(missing);
            int left = missingPages.getAsInt();
            if (left <= missing) {
                return;
            }
            missing = left;
        }
    }

    /// Room in pieces of 2 MiB for what can be such on the device. Folios of the device are moved
    /// for it only while none of the command is among them: the device is to find those at once.
    private void gatherLarge(ProcessMirror mirror, long start, long end, boolean isFirst) {
        int order = PageSize.HPAGE_PMD_ORDER;
        if (!memory.orders().contains(order)) {
            return;
        }
        long pageCount = HugePages.hugePageCount(mirror.mm(), start, end);
        if (pageCount > memory.freePageCount(order)) {
            boolean isAllMissing =
                    missingPages(mirror, start, end) == PageSize.pageNumber(end - start);
            evictor.gather(pageCount, order, evicts && isFirst && isAllMissing);
        }
    }

    /// Pages that the mirror does not know to be on the device.
    private static int missingPages(ProcessMirror mirror, long start, long end) {
        DevicePageTable table = mirror.table();
        long endPage = PageSize.pageNumber(end);
        long missing = endPage - PageSize.pageNumber(start);
        table.lock();
        long page = table.nextPresentLocked(PageSize.pageNumber(start), endPage);
        while (page >= 0) {
            missing -= isOnDevice(table.entryLocked(page)) ? 1 : 0;
            page = table.nextPresentLocked(page + 1, endPage);
        }
        table.unlock();
        return (int) missing;
    }

    private static int missingPages(ProcessMirror mirror, long[] pageNumbers, int from, int to) {
        DevicePageTable table = mirror.table();
        int missing = 0;
        table.lock();
        for (int i = from; i < to; i++) {
            missing += isOnDevice(table.entryLocked(pageNumbers[i])) ? 0 : 1;
        }
        table.unlock();
        return missing;
    }

    private static boolean isOnDevice(long entry) {
        return DevicePte.isPresent(entry) && Page.isDevice(DevicePte.page(entry));
    }

    // To system memory.

    /// Migrates the device's pages of `[start, end)` back. Nothing is held.
    ///
    /// @return as for the other direction; pages that find no system memory stay, and that is no
    ///   error
    public MigrationResult toSystem(ProcessMirror mirror, long start, long end) {
        long moved = 0;
        Errno errno = Errno.OK;
        memory.lock();
        try {
            for (long at = start; at < end && errno.isOk(); ) {
                long stop = Math.min(end, at + PageSize.pageAddress(BATCH_PAGES));
                MigrationResult result = batchToSystem(mirror, at, stop);
                moved += result.movedPages();
                errno = result.errno();
                at = stop;
            }
        } finally {
            memory.unlock();
        }
        return new MigrationResult(errno, moved);
    }

    private MigrationResult batchToSystem(ProcessMirror mirror, long start, long end) {
        Mm mm = mirror.mm();
        mm.lockRead();
        mirror.beginMigration();
        try {
            Errno errno = addRange(toSystem, mirror, start, end);
            MigrationResult result = toSystem.finish(mirror);
            return errno.isOk() ? result : new MigrationResult(errno, result.movedPages());
        } finally {
            mirror.endMigration();
            mm.unlockRead();
        }
    }

    /// Migrates single pages back, as for the other direction.
    public MigrationResult toSystem(ProcessMirror mirror, long[] pageNumbers, int pageCount) {
        return toSystem(mirror, pageNumbers, pageCount, copyPages(pageCount));
    }

    /// The same with copies of a given size.
    public MigrationResult toSystem(
            ProcessMirror mirror, long[] pageNumbers, int pageCount, int copyPages) {
        long moved = 0;
        Errno errno = Errno.OK;
        memory.lock();
        try {
            long[] sorted = sorter.sorted(pageNumbers, pageCount);
            int count = sorter.count();
            for (int from = 0; from < count && errno.isOk(); from += BATCH_PAGES) {
                int to = Math.min(count, from + BATCH_PAGES);
                mirror.mm().lockRead();
                mirror.beginMigration();
                try {
                    addPages(toSystem, mirror, sorted, from, to, copyPages);
                    MigrationResult result = toSystem.finish(mirror);
                    moved += result.movedPages();
                    errno = result.errno();
                } finally {
                    mirror.endMigration();
                    mirror.mm().unlockRead();
                }
            }
        } finally {
            memory.unlock();
        }
        return new MigrationResult(errno, moved);
    }

    // What both directions share.

    /// A command of few pages has several copies all the same, so that the first goes on while the
    /// last is collected.
    private static int copyPages(int pageCount) {
        return Math.clamp(pageCount / COPIES_MIN, COPY_PAGES_MIN, COPY_PAGES);
    }

    /// @kernel lib/test_hmm.c: the loop of dmirror_migrate_to_device
    private Errno addRange(MigrationPipeline pipeline, ProcessMirror mirror, long start, long end) {
        Mm mm = mirror.mm();
        if (mm.isExited()) {
            return Errno.EINVAL;
        }
        for (long at = start; at < end; ) {
            Vma vma = mm.lookupVma(at);
            if (vma == null || !vma.isReadable()) {
                return Errno.EINVAL;
            }
            long stop = Math.min(Math.min(end, vma.end()), pieceEnd(at));
            Errno errno = pipeline.add(mirror, vma, at, stop);
            if (!errno.isOk()) {
                return errno;
            }
            at = stop;
        }
        return Errno.OK;
    }

    /// Linux counts pieces from the start of the range, so that of a range that begins inside a
    /// huge page no huge page is ever moved whole. Where orders are in use that it does not know,
    /// pieces end where a table does.
    private long pieceEnd(long start) {
        long end = start + PageSize.pageAddress(PIECE_PAGES);
        return memory.orders().hasMiddle() ? PageSize.alignDownPmd(end) : end;
    }

    private static void addPages(
            MigrationPipeline pipeline,
            ProcessMirror mirror,
            long[] pageNumbers,
            int from,
            int to,
            int copyPages) {
        pipeline.copyEvery(copyPages);
        int piecePages = Math.min(copyPages, PIECE_PAGES);
        for (int i = from; i < to; ) {
            Vma vma = mirror.mm().lookupVma(PageSize.pageAddress(pageNumbers[i]));
            if (vma == null || !vma.isReadable()) {
                i++;
                continue;
            }
            int next = pieceStop(pageNumbers, i, Math.min(to, i + piecePages), to, vma);
            // A mapping of a kind that can not migrate is left out like no mapping.
            Errno _ = pipeline.add(mirror, vma, pageNumbers, i, next - i);
            i = next;
        }
    }

    /// Where a piece of a list ends: at the end of the VMA; and where it is full, but not within a
    /// huge page that the list has all of, be the piece longer or shorter for that.
    private static int pieceStop(long[] pageNumbers, int from, int full, int to, Vma vma) {
        long endPage = PageSize.pageNumber(vma.end());
        int limit = Math.min(to, from + PIECE_PAGES);
        while (pageNumbers[limit - 1] >= endPage) {
            limit--;
        }
        int stop = Math.min(full, limit);
        while (stop < limit && continuesHugePage(pageNumbers, stop)) {
            stop++;
        }
        int whole = stop;
        while (whole < to && whole > from && continuesHugePage(pageNumbers, whole)) {
            whole--;
        }
        return whole > from ? whole : stop;
    }

    private static boolean continuesHugePage(long[] pageNumbers, int at) {
        return pageNumbers[at] % PIECE_PAGES != 0 && pageNumbers[at] == pageNumbers[at - 1] + 1;
    }

    // The CPU's fault.

    /// Brings the page of a CPU fault back. Called by the core with the mmap lock held for reading
    /// and the page locked.
    ///
    /// The mirrors of the process hear of it through their notifiers and drop the entry.
    ///
    /// @return OUT_OF_MEMORY if there is no system page, SIGBUS if the copy failed; the page is
    ///   still on the device then
    /// @kernel lib/test_hmm.c: dmirror_devmem_fault
    public FaultResult toRam(PageFault fault) {
        long start = faultStart(fault);
        int pageCount = faultPageCount(fault, start);
        FaultResult result = toRam(fault, start, pageCount);
        if (result == FaultResult.FALLBACK) {
            result = toRam(fault, fault.address(), 1);
        }
        clock.leave();
        return result;
    }

    /// @return FALLBACK if the page is part of a folio that neither moves whole nor can be cut once
    ///   it was collected, because the fault has a reference to it; collecting the page alone cuts
    ///   it before
    private FaultResult toRam(PageFault fault, long start, int pageCount) {
        FaultStorage.Work work = faults.take(pageCount, fault.page());
        FaultResult result = toRam(fault, start, pageCount, work.migration(), work.batch());
        faults.rest(pageCount, work);
        return result;
    }

    private FaultResult toRam(
            PageFault fault, long start, int pageCount, MigrateVma migration, CopyBatch batch) {
        Errno errno = migration.setup(fault.vma(), start, start + PageSize.pageAddress(pageCount));
        if (!errno.isOk()) {
            return FaultResult.SIGBUS;
        }
        clock.enter(MigratePhase.ALLOCATE);
        FaultResult result = FaultResult.HANDLED;
        boolean injected = false;
        boolean refusesLarge = false;
        if (machine.folios().zoneDeviceData(fault.page()) instanceof ProcessMirror mirror) {
            injected = mirror.takeFailAllocation();
            refusesLarge = mirror.refusesLargeFolios();
        }
        if (SystemDestinations.append(machine, migration, injected, refusesLarge, batch) > 0) {
            result = FaultResult.OUT_OF_MEMORY;
        }
        clock.enter(MigratePhase.COPY);
        CopyResult copied = engine.toSystem(batch);
        if (!copied.isCopied()) {
            SystemDestinations.drop(machine, migration, copied);
        }
        migration.pages();
        boolean moved = hasMoved(migration, (int) PageSize.pageNumber(fault.address() - start));
        migration.finish();
        if (!copied.isCopied() && !moved) {
            result = FaultResult.SIGBUS;
        }
        boolean fallsBack = !moved && pageCount > 1 && !fault.pmd();
        return fallsBack && result != FaultResult.SIGBUS ? FaultResult.FALLBACK : result;
    }

    /// After *pages*: whether a page, or the folio that it is part of, has moved.
    private static boolean hasMoved(MigrateVma migration, int index) {
        int at = index;
        while (at > 0 && !MigratePfn.hasPage(migration.src(at))) {
            at--;
        }
        long word = migration.src(at);
        return MigratePfn.hasMigrated(word) && at + (1 << MigratePfn.order(word)) > index;
    }

    /// A page that has an entry of its own comes back alone, whatever folio it is part of, as in
    /// Linux; a huge mapping comes back whole. Where smaller orders are in use the folio round the
    /// page does, as far as the VMA has its place.
    private long faultStart(PageFault fault) {
        if (fault.pmd()) {
            return PageSize.alignDownPmd(fault.address());
        }
        if (!memory.orders().hasMiddle()) {
            return fault.address();
        }
        long before = fault.page() - machine.folios().head(fault.page());
        long start = fault.address() - PageSize.pageAddress(before);
        return Math.max(
                start, Math.max(fault.vma().start(), PageSize.alignDownPmd(fault.address())));
    }

    private int faultPageCount(PageFault fault, long start) {
        if (fault.pmd()) {
            return PageSize.ENTRIES_PER_TABLE;
        }
        if (!memory.orders().hasMiddle()) {
            return 1;
        }
        FolioTable folios = machine.folios();
        long after = folios.head(fault.page()) + folios.pageCount(fault.page()) - fault.page();
        long end = fault.address() + PageSize.pageAddress(after);
        long limit =
                Math.min(
                        fault.vma().end(),
                        PageSize.alignDownPmd(fault.address()) + PageSize.PMD_SIZE);
        return (int) PageSize.pageNumber(Math.min(end, limit) - start);
    }

    // Eviction and release.

    /// Moves every page of the device back that nobody holds; its memory stays. Nothing is held.
    public void evictAll() {
        memory.lock();
        try {
            evictor.evictAll();
        } finally {
            memory.unlock();
        }
    }

    /// Moves every page of the device back, whoever maps it, and gives its memory up. Nothing is
    /// held.
    ///
    /// @return ENOMEM or EIO if pages had to stay; the device is usable then
    public Errno release() {
        memory.lock();
        try {
            return evictor.releaseAll();
        } finally {
            memory.unlock();
        }
    }
}
