package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.rmap.RemoveMigrationEntries;

/// The last phase of an ordinary migration: folio by folio, the contents unless they are there
/// already, the state, and the mappings. Who waited for the source finds the destination.
///
/// @kernel mm/migrate.c: migrate_folio_move, move_to_new_folio
final class MoveFolios {
    private final Machine machine;
    private final FolioTable folios;
    private final FolioDestinations destinations;
    private final MigrateLedger ledger;
    private final MigrateTimes times;
    private final MoveFolioState state;
    private final RemoveMigrationEntries removeMigrationEntries;

    MoveFolios(
            Machine machine,
            FolioDestinations destinations,
            MigrateLedger ledger,
            MigrateTimes times) {
        this.machine = machine;
        this.folios = machine.folios();
        this.destinations = destinations;
        this.ledger = ledger;
        this.times = times;
        this.state = new MoveFolioState(machine);
        this.removeMigrationEntries = new RemoveMigrationEntries(machine);
    }

    /// Moves what can be. A folio that somebody holds is tried again in the next pass; after the
    /// last it is mapped again as it was, and isolated as before.
    void run(FolioBatch batch, int passes) {
        int left = batch.count();
        for (int pass = 0; pass < passes && left > 0; pass++) {
            left = 0;
            for (int i = 0; i < batch.count(); i++) {
                if (isUnmapped(batch, i)) {
                    if (move(batch, i)) {
                        finish(batch, i);
                    } else {
                        left++;
                    }
                }
            }
        }
        for (int i = 0; i < batch.count() && left > 0; i++) {
            if (isUnmapped(batch, i)) {
                undo(batch, i);
                left--;
            }
        }
    }

    private static boolean isUnmapped(FolioBatch batch, int i) {
        return batch.step(i) == FolioStep.UNMAPPED || batch.step(i) == FolioStep.COPIED;
    }

    /// @return false if somebody holds the folio; its contents may have been copied all the same
    private boolean move(FolioBatch batch, int i) {
        long from = batch.from(i);
        long to = batch.to(i);
        if (batch.step(i) == FolioStep.UNMAPPED) {
            if (!CopyFolios.isHeldByNobody(folios, from)) {
                return false;
            }
            int pageCount = folios.pageCount(from);
            times.end(FolioPhase.MOVE);
            CopyFolios.copyByCpu(machine, from, to, pageCount);
            machine.folioMigration().count(FolioMigration.Event.SINGLE_COPIED_PAGES, pageCount);
            times.end(FolioPhase.COPY);
            batch.copied(i);
        }
        return state.move(from, to, 1);
    }

    private void finish(FolioBatch batch, int i) {
        long from = batch.from(i);
        long to = batch.to(i);
        int order = folios.order(from);
        removeMigrationEntries.restore(from, to);
        folios.setFlag(to, FolioFlags.LRU);
        folios.unlock(to);
        folios.unlock(from);
        times.back(batch.unmappedAt(i));
        machine.put(to);
        machine.put(from);
        batch.done(i);
        ledger.migrated(order);
    }

    private void undo(FolioBatch batch, int i) {
        long from = batch.from(i);
        long to = batch.to(i);
        removeMigrationEntries.restore(from, from);
        folios.unlock(to);
        folios.unlock(from);
        times.back(batch.unmappedAt(i));
        destinations.putBack(machine, to);
        batch.undone(i);
    }
}
