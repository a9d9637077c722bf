package farpage.emulator.devmem;

import farpage.emulator.copy.CopyBatch;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.Migration;

/// System pages as destinations of a migration from a device.
///
/// @kernel lib/test_hmm.c: dmirror_devmem_fault_alloc_and_copy
public final class SystemDestinations {
    private SystemDestinations() {}

    /// Allocates and locks a system page for every device page that is to move, and lists the pairs
    /// to copy after those that the batch holds already.
    ///
    /// @return how many pages found no memory; they stay on the device
    public static int append(Machine machine, Migration migration, CopyBatch batch) {
        return append(machine, migration, 0, batch);
    }

    /// The same for the pages from an index on; those before it stay.
    public static int append(Machine machine, Migration migration, int from, CopyBatch batch) {
        int wanted = 0;
        for (int i = from; i < migration.pageCount(); i++) {
            wanted += MigratePfn.hasMigrated(migration.src(i)) ? 1 : 0;
        }
        long[] pages = new long[wanted];
        int allocated = machine.allocateLockedPages(pages, wanted);
        int used = 0;
        for (int i = from; i < migration.pageCount() && used < allocated; i++) {
            long word = migration.src(i);
            if (!MigratePfn.hasMigrated(word)) {
                continue;
            }
            long to = pages[used++];
            long destination = MigratePfn.ofPage(to);
            migration.setDst(
                    i,
                    MigratePfn.isWritable(word) ? MigratePfn.withWrite(destination) : destination);
            batch.add(MigratePfn.page(word), to);
        }
        return wanted - allocated;
    }

    /// As [#append], into an empty batch.
    static int fill(Machine machine, Migration migration, CopyBatch batch) {
        batch.clear();
        return append(machine, migration, batch);
    }

    /// Takes all destinations back, system or device, because they could not be filled: the pages
    /// stay where they are.
    public static void drop(Machine machine, Migration migration) {
        for (int i = 0; i < migration.pageCount(); i++) {
            long to = MigratePfn.page(migration.dst(i));
            if (to != Page.NONE) {
                migration.setDst(i, MigratePfn.SKIP);
                machine.folios().unlock(to);
                machine.put(to);
            }
        }
    }
}
