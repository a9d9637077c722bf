package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.VmStat;
import farpage.mm.file.FileMapping;
import farpage.mm.ksm.StableNode;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;

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

    MigratePages(Machine machine, long faultPage, long[] src, long[] dst) {
        this.machine = machine;
        this.folios = machine.folios();
        this.faultPage = faultPage;
        this.src = src;
        this.dst = dst;
    }

    /// Fills holes, one at a time. Where there is no VMA there are no holes.
    @FunctionalInterface
    interface HoleFiller {
        /// Puts the page in the place of the hole.
        ///
        /// @return false if the page can not be put there
        boolean fill(int index, long page);
    }

    void migrate(int pageCount, HoleFiller holes) {
        int migrated = 0;
        int failed = 0;
        for (int i = 0; i < pageCount; i++) {
            if (!MigratePfn.isMigrating(src[i])) {
                continue;
            }
            if (migratePage(i, holes)) {
                migrated++;
            } else {
                src[i] = MigratePfn.withoutMigrate(src[i]);
                failed++;
            }
        }
        machine.vmStat().count(VmStat.Event.PGMIGRATE_SUCCESS, migrated);
        machine.vmStat().count(VmStat.Event.PGMIGRATE_FAIL, failed);
    }

    private boolean migratePage(int i, HoleFiller holes) {
        long to = MigratePfn.page(dst[i]);
        if (to == Page.NONE) {
            return false;
        }
        long from = MigratePfn.page(src[i]);
        return from == Page.NONE ? holes.fill(i, to) : moveState(from, to);
    }

    private boolean moveState(long from, long to) {
        int expected = 1 + (from == faultPage ? 1 : 0);
        int references = folios.refCount(from);
        if (references != expected) {
            return references == expected + 1 && moveCached(from, to, references);
        }
        // A page whose last mapping went by itself is still marked exclusive; the mark stays
        // behind.
        assert !folios.hasFlag(to, FolioFlags.ANON_EXCLUSIVE);
        migrateState(from, to);
        moveCharge(from, to);
        return true;
    }

    private void migrateState(long from, long to) {
        folios.migrateState(from, to);
        if (folios.hasFlag(to, FolioFlags.KSM) && folios.mapping(to) instanceof StableNode merged) {
            merged.migrated(to);
        }
    }

    /// A page that its file, or the swap cache, has a reference to, which moves with it. Neither
    /// can have a page on a device: a page of a file stays, and one of the swap cache leaves that
    /// first, if no swap entry needs it there.
    private boolean moveCached(long from, long to, int references) {
        if (folios.hasFlag(from, FolioFlags.SWAPCACHE)) {
            if (Page.isDevice(to)) {
                return machine.swap().freeCache(from) && moveState(from, to);
            }
            migrateState(from, to);
            machine.swap().replaceCached(from, to);
        } else if (Page.isDevice(to)
                || !(folios.mapping(from) instanceof FileMapping file)
                || !file.migrate(from, to, references)) {
            return false;
        }
        moveCharge(from, to);
        return true;
    }

    private void moveCharge(long from, long to) {
        if (machine.memcgs().isEnabled()) {
            machine.memcgs().migrate(from, to);
        }
    }
}
