package farpage.emulator.svm;

import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.copy.PageCopier;
import farpage.emulator.devmem.SystemDestinations;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.PageSize;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFault;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioOrders;
import farpage.mm.memory.FolioTable;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.MigratePhase;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.migrate.PhaseClock;
import farpage.mm.zonedevice.PagecacheOps.PagecacheCopy;

/// Brings single pages, or the folios that they are part of, back to system memory for CPU faults.
/// It needs no lock of the device's.
///
/// @kernel lib/test_hmm.c: dmirror_devmem_fault
final class FaultMigrator {
    private final Machine machine;
    private final PageCopier engine;
    private final FolioOrders orders;
    private final PhaseClock clock;
    private final FaultStorage faults;

    /// @param owner of the device's pages
    /// @param orders that the device uses
    FaultMigrator(
            Machine machine,
            PageCopier engine,
            Object owner,
            FolioOrders orders,
            PhaseClock clock) {
        this.machine = machine;
        this.engine = engine;
        this.orders = orders;
        this.clock = clock;
        this.faults = new FaultStorage(owner, orders, clock);
    }

    /// Brings the page of a CPU fault back. Called by the core with the mmap lock held for reading
    /// and the page locked.
    ///
    /// The mirrors of the process hear of it through their notifiers and drop the entry.
    ///
    /// @return OUT_OF_MEMORY if there is no system page, SIGBUS if the copy failed; the page is
    ///   still on the device then
    /// @kernel lib/test_hmm.c: dmirror_devmem_fault
    FaultResult toRam(PageFault fault) {
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

    /// Copies one folio for its file, which learns that it is dirty if the device wrote it.
    ///
    /// @return FAILED if the copy failed; the device has the contents still
    PagecacheCopy toPagecache(long devicePage, long newPage) {
        int pageCount = machine.folios().pageCount(devicePage);
        FaultStorage.Work work = faults.take(pageCount, devicePage);
        CopyBatch batch = work.batch();
        batch.add(devicePage, newPage, pageCount);
        boolean copied = engine.toSystem(batch).isCopied();
        faults.rest(pageCount, work);
        FolioTable folios = machine.folios();
        if (copied && folios.hasFlag(devicePage, FolioFlags.DIRTY)) {
            folios.setFlag(newPage, FolioFlags.DIRTY);
        }
        return copied ? PagecacheCopy.COPIED : PagecacheCopy.FAILED;
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
        if (!orders.hasMiddle()) {
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
        if (!orders.hasMiddle()) {
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
}
