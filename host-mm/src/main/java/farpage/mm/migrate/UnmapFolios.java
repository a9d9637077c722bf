package farpage.mm.migrate;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.hugememory.SplitFolio;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.rmap.RemoveMigrationEntries;
import farpage.mm.rmap.TryToMigrate;

/// The first phase of an ordinary migration: each folio of a batch is locked, gets a destination,
/// and leaves migration entries wherever it was mapped. Who touches it from now on sleeps for its
/// lock.
///
/// @kernel mm/migrate.c: migrate_folio_unmap
final class UnmapFolios {
    private final Machine machine;
    private final FolioTable folios;
    private final FolioDestinations destinations;
    private final MigrateLedger ledger;
    private final MigrateTimes times;
    private final TryToMigrate tryToMigrate;
    private boolean outOfMemory;

    UnmapFolios(
            Machine machine,
            FolioDestinations destinations,
            MigrateLedger ledger,
            MigrateTimes times) {
        this.machine = machine;
        this.folios = machine.folios();
        this.destinations = destinations;
        this.ledger = ledger;
        this.times = times;
        this.tryToMigrate = new TryToMigrate(machine);
    }

    /// Unmaps what can be. Who is locked or held by others is tried again in the next pass, and
    /// stays isolated if that was the last.
    ///
    /// @param waits whether locks are waited for; the batch has one folio then
    void run(FolioBatch batch, int passes, boolean waits) {
        assert !waits || batch.count() == 1;
        int left = batch.count();
        for (int pass = 0; pass < passes && left > 0; pass++) {
            left = 0;
            for (int i = 0; i < batch.count(); i++) {
                if (batch.step(i) == FolioStep.ISOLATED) {
                    tryFolio(batch, i, waits);
                    left += batch.step(i) == FolioStep.ISOLATED ? 1 : 0;
                }
            }
        }
    }

    private void tryFolio(FolioBatch batch, int i, boolean waits) {
        long from = batch.from(i);
        if (folios.refCount(from) == 1) {
            batch.done(i);
            ledger.freed(from);
            return;
        }
        if (outOfMemory) {
            refuse(batch, i, Errno.ENOMEM);
            return;
        }
        if (waits) {
            folios.lock(from);
        } else if (!folios.tryLock(from)) {
            return;
        }
        Errno obstacle = obstacle(from);
        if (obstacle.isOk()) {
            unmapLocked(batch, i);
        } else {
            folios.unlock(from);
            if (obstacle != Errno.EAGAIN) {
                refuse(batch, i, obstacle);
            }
        }
    }

    private void refuse(FolioBatch batch, int i, Errno errno) {
        batch.done(i);
        ledger.failed(batch.from(i), batch.origin(i), errno);
    }

    /// What keeps a folio from moving that can be seen before it is unmapped. A pin can last, and a
    /// page that is pinned should not be taken from its process for nothing.
    private Errno obstacle(long from) {
        if (folios.hasFlag(from, FolioFlags.HUGETLB)) {
            return Errno.EBUSY;
        }
        if (machine.memoryFailure().isAny() && isAnyBroken(from)) {
            return Errno.EHWPOISON;
        }
        boolean busy = folios.hasFlag(from, FolioFlags.WRITEBACK) || folios.isMaybePinned(from);
        return busy ? Errno.EAGAIN : Errno.OK;
    }

    private boolean isAnyBroken(long head) {
        for (int i = 0; i < folios.pageCount(head); i++) {
            if (folios.hasFlag(head + i, FolioFlags.HWPOISON)) {
                return true;
            }
        }
        return false;
    }

    private void unmapLocked(FolioBatch batch, int i) {
        long from = batch.from(i);
        int order = folios.order(from);
        if (order > 0
                && folios.hasFlag(from, FolioFlags.PARTIALLY_MAPPED)
                && split(batch, i, order)) {
            return;
        }
        long to = destinations.allocate(from, order);
        if (to == Page.NONE) {
            withoutDestination(batch, i, order);
            return;
        }
        assert folios.order(to) == order : "a destination of another size";
        folios.lockNew(to);
        if (folios.mapCount(from) > 0) {
            tryToMigrate.unmap(from);
        }
        if (folios.mapCount(from) > 0) {
            new RemoveMigrationEntries(machine).restore(from, from);
            folios.unlock(to);
            destinations.putBack(machine, to);
            folios.unlock(from);
            return;
        }
        batch.unmapped(i, to, times.now());
    }

    /// A large folio may find room in pieces. Without a place for a base page the others need not
    /// be tried.
    ///
    /// @kernel mm/migrate.c: migrate_pages_batch, -ENOMEM
    private void withoutDestination(FolioBatch batch, int i, int order) {
        if (order > 0 && split(batch, i, order)) {
            return;
        }
        outOfMemory = order == 0;
        folios.unlock(batch.from(i));
        refuse(batch, i, Errno.ENOMEM);
    }

    /// Cuts a locked folio into base pages, which are unlocked and wait for their turn.
    ///
    /// @return false if somebody holds it, and it is as it was
    /// @kernel mm/migrate.c: try_split_folio
    private boolean split(FolioBatch batch, int i, int order) {
        long head = batch.from(i);
        new TryToMigrate(machine, true).unmap(head);
        if (folios.mapCount(head) > 0 || !new SplitFolio(machine).splitUnmapped(head, 0)) {
            new RemoveMigrationEntries(machine).restore(head, head);
            return false;
        }
        int pageCount = 1 << order;
        new RemoveMigrationEntries(machine, true).restore(head, head, pageCount);
        for (int piece = 0; piece < pageCount; piece++) {
            folios.unlock(head + piece);
        }
        batch.done(i);
        ledger.split(head, order, batch.origin(i));
        return true;
    }
}
