package farpage.emulator.mirror;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.migrate.MigrateSelect;
import farpage.mm.migrate.MigrateVma;
import org.junit.jupiter.api.Test;

/// What a mirror makes of the announcements of a migration.
final class ProcessMirrorTest {
    private static final Object OWNER = new Object();

    private static void migrate(Mm mm, long address) {
        mm.lockRead();
        Vma vma = mm.lookupVma(address);
        assertNotNull(vma);
        MigrateVma migration = new MigrateVma(1, MigrateSelect.SYSTEM, OWNER, Page.NONE);
        assertEquals(Errno.OK, migration.setup(vma, address, address + PageSize.PAGE_SIZE));
        migration.pages();
        migration.finish();
        mm.unlockRead();
    }

    private static long entry(ProcessMirror mirror, long address) {
        mirror.table().lock();
        long entry = mirror.table().entryLocked(PageSize.pageNumber(address));
        mirror.table().unlock();
        return entry;
    }

    @Test
    void ownMigrationKeepsTheEntriesButMakesStaleWhatAnotherThreadLookedUp() {
        try (Machine machine = new Machine(1 << 20)) {
            Mm mm = machine.newProcess();
            long address = mm.mmap(PageSize.PAGE_SIZE, VmFlags.READ | VmFlags.WRITE);
            try (ProcessMirror mirror = new ProcessMirror(mm, OWNER, () -> 0)) {
                assertEquals(Errno.OK, mirror.faultIn(address, address + PageSize.PAGE_SIZE, true));
                long before = entry(mirror, address);
                long sequence = mirror.notifier().readBegin();
                mirror.beginMigration();
                migrate(mm, address);
                mirror.endMigration();
                assertTrue(mirror.notifier().readRetry(sequence));
                assertEquals(before, entry(mirror, address));
                migrate(mm, address);
                assertEquals(DevicePte.NONE, entry(mirror, address));
            }
            mm.exit();
        }
    }
}
