package farpage.emulator.svm;

import farpage.emulator.copy.CopyBatch;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Machine;
import farpage.mm.PageSize;
import farpage.mm.memory.FolioTable;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.MigrateVma;
import java.util.List;

/// One large device folio for the base pages of 2 MiB that lie in a row in their process, so that
/// they are joined on the way. Where the device has none of that size they get what base pages get.
///
/// @kernel mm/khugepaged.c: hpage_collapse_scan_pmd, alloc_charge_folio
final class CollapseDestinations {
    private static final int ORDER = PageSize.HPAGE_PMD_ORDER;
    private static final int PAGES = PageSize.ENTRIES_PER_TABLE;

    private final Machine machine;
    private final DeviceMemory memory;
    private final FolioTable folios;
    private final CopyBatch batch;
    private final long[] folio = new long[1];

    /// @param batch takes the pairs to copy
    CollapseDestinations(Machine machine, DeviceMemory memory, CopyBatch batch) {
        this.machine = machine;
        this.memory = memory;
        this.folios = machine.folios();
        this.batch = batch;
    }

    /// Gives a large folio to all that can have one, while there are any.
    ///
    /// @return base pages that have their destination now
    int fill(ProcessMirror mirror, List<MigrateVma> migrations) {
        int filled = 0;
        if (!memory.orders().contains(ORDER) || mirror.refusesLargeFolios()) {
            return filled;
        }
        for (MigrateVma migration : migrations) {
            for (int i = firstPlace(migration, 0); i >= 0; i = firstPlace(migration, i + PAGES)) {
                if (!tryFill(mirror, migration, i)) {
                    return filled;
                }
                filled += PAGES;
            }
        }
        return filled;
    }

    /// Where 512 base pages of one table that all migrate begin, from an index on; -1 if nowhere.
    private int firstPlace(MigrateVma migration, int from) {
        for (int i = from; i + PAGES <= migration.pageCount(); ) {
            int misplaced = (int) (migration.pageNumber(i) % PAGES);
            if (misplaced != 0) {
                i += Math.max(1, migration.isScattered() ? 1 : PAGES - misplaced);
            } else if (isWhole(migration, i)) {
                return i;
            } else {
                i++;
            }
        }
        return -1;
    }

    /// Whether 512 words from one on are base pages of anonymous memory in a row.
    boolean isWhole(MigrateVma migration, int i) {
        if (migration.pageNumber(i + PAGES - 1) != migration.pageNumber(i) + PAGES - 1) {
            return false;
        }
        for (int k = i; k < i + PAGES; k++) {
            long word = migration.src(k);
            if (!MigratePfn.hasMigrated(word) || MigratePfn.isCompound(word)) {
                return false;
            }
        }
        return folios.isAnonymous(MigratePfn.page(migration.src(i)));
    }

    /// Gives them one large folio.
    ///
    /// @return false if the device has none
    boolean tryFill(ProcessMirror mirror, MigrateVma migration, int i) {
        if (memory.allocate(folio, 1, ORDER, mirror) == 0) {
            return false;
        }
        long to = folio[0];
        machine.folios().setZoneDeviceData(to, mirror);
        boolean writable = true;
        for (int k = 0; k < PAGES; k++) {
            long word = migration.src(i + k);
            writable &= MigratePfn.isWritable(word);
            batch.add(MigratePfn.page(word), to + k, 1);
        }
        long destination = MigratePfn.ofFolio(to, ORDER);
        migration.setDst(i, writable ? MigratePfn.withWrite(destination) : destination);
        return true;
    }
}
