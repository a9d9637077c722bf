package farpage.emulator.devmem;

import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyResult;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.Migration;

/// System pages as destinations of a migration from a device.
///
/// @kernel lib/test_hmm.c: dmirror_devmem_fault_alloc_and_copy
public final class SystemDestinations {
    private SystemDestinations() {}

    /// Allocates and locks a system folio for every device folio that is to move, and lists the
    /// pairs to copy after those that the batch holds already. A large folio for which there is
    /// none of its size gets base pages, and the core cuts it; where the core can not, it stays.
    ///
    /// @return how many pages found no memory; they stay on the device
    public static int append(Machine machine, Migration migration, CopyBatch batch) {
        return append(machine, migration, false, false, batch);
    }

    /// The same with a failure that was injected: the first large folio finds none of its size; a
    /// base page in its place finds none, and with it all that come after it.
    ///
    /// @param refusesLarge whether no large folio finds one of its size
    /// @kernel lib/test_hmm.c: dmirror_devmem_fault_alloc_and_copy
    public static int append(
            Machine machine,
            Migration migration,
            boolean fails,
            boolean refusesLarge,
            CopyBatch batch) {
        if (!fails && migration.hasBasePagesOnly()) {
            return appendBasePages(machine, migration, migration.migratingCount(), batch);
        }
        int wanted = 0;
        int missing = 0;
        boolean failsNext = fails;
        int end = migration.pageCount();
        for (int i = 0; i < end; i += MigratePfn.pageCount(migration.src(i))) {
            long word = migration.src(i);
            if (!MigratePfn.hasMigrated(word)) {
                continue;
            }
            if (!MigratePfn.isCompound(word)) {
                if (failsNext) {
                    return pagesFrom(migration, i);
                }
                wanted++;
            } else if (failsNext || refusesLarge || !tryLarge(machine, migration, i, batch)) {
                int pageCount = 1 << MigratePfn.order(word);
                wanted += migration.mayCut() ? pageCount : 0;
                missing += migration.mayCut() ? 0 : pageCount;
            }
            failsNext = false;
        }
        return missing + appendBasePages(machine, migration, wanted, batch);
    }

    private static int pagesFrom(Migration migration, int from) {
        int pages = 0;
        for (int i = from; i < migration.pageCount(); i++) {
            long word = migration.src(i);
            pages += MigratePfn.hasMigrated(word) ? 1 << MigratePfn.order(word) : 0;
        }
        return pages;
    }

    private static boolean tryLarge(Machine machine, Migration migration, int i, CopyBatch batch) {
        long word = migration.src(i);
        int order = MigratePfn.order(word);
        long to = machine.tryAllocateFolio(order);
        if (to == Page.NONE) {
            return false;
        }
        machine.folios().lockNew(to);
        store(migration, i, word, MigratePfn.ofFolio(to, order));
        batch.add(MigratePfn.page(word), to, 1 << order);
        return true;
    }

    private static void store(Migration migration, int i, long word, long destination) {
        migration.setDst(
                i, MigratePfn.isWritable(word) ? MigratePfn.withWrite(destination) : destination);
    }

    /// For all that has no destination yet.
    private static int appendBasePages(
            Machine machine, Migration migration, int wanted, CopyBatch batch) {
        if (wanted == 0) {
            return 0;
        }
        long[] pages = new long[wanted];
        int allocated = machine.allocateLockedPages(pages, wanted);
        int used = 0;
        for (int i = 0; i < migration.pageCount() && used < allocated; i++) {
            long word = migration.src(i);
            if (!MigratePfn.hasMigrated(word)
                    || MigratePfn.hasPage(migration.dst(i))
                    || MigratePfn.isCompound(word) && !migration.mayCut()) {
                continue;
            }
            int count = Math.min(1 << MigratePfn.order(word), allocated - used);
            for (int page = 0; page < count; page++) {
                store(migration, i + page, word, MigratePfn.ofPage(pages[used]));
                batch.add(MigratePfn.page(word) + page, pages[used++]);
            }
            i += count - 1;
        }
        return wanted - allocated;
    }

    /// As [#append], into an empty batch.
    static int fill(Machine machine, Migration migration, CopyBatch batch) {
        batch.clear();
        return append(machine, migration, batch);
    }

    /// Takes back the destinations, system or device, that a copy could not fill: those pages stay
    /// where they are.
    public static void drop(Machine machine, Migration migration, CopyResult result) {
        for (int i = 0; i < migration.pageCount(); i++) {
            long word = migration.dst(i);
            long to = MigratePfn.page(word);
            if (to != Page.NONE && !result.hasCopied(to, MigratePfn.pageCount(word))) {
                migration.setDst(i, MigratePfn.SKIP);
                machine.folios().unlock(to);
                machine.put(to);
            }
        }
    }
}
