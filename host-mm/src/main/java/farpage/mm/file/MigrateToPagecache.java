package farpage.mm.file;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.hugememory.SplitFolio;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.rmap.RemoveMigrationEntries;
import farpage.mm.rmap.TryToMigrate;
import farpage.mm.zonedevice.DevicePrivateOps;
import farpage.mm.zonedevice.PagecacheOps;
import farpage.mm.zonedevice.PagecacheOps.PagecacheCopy;
import java.io.IOException;
import java.util.function.BooleanSupplier;

/// Brings a page of a file back from a device because somebody looked it up by its file: a call for
/// the file, a fault that finds nothing mapped, write-back.
///
/// The contents are in the new page before it takes the old one's place. So a failure leaves
/// everything as it was, and nobody ever finds a page without contents.
///
/// @kernel mm/migrate_device.c; mm/filemap.c: filemap_get_entry
final class MigrateToPagecache {
    /// How often others get the processor while somebody who looked at the page lets go of it.
    private static final int REFERENCES_RETRY_LIMIT = 1000;

    private final FileMapping file;
    private final Machine machine;
    private final FolioTable folios;

    MigrateToPagecache(FileMapping file) {
        this.file = file;
        this.machine = file.machine();
        this.folios = machine.folios();
    }

    /// Brings a page back, and with it all of its folio, or waits for whoever has it locked.
    /// Nothing inner than a file's invalidate lock is held.
    ///
    /// Nobody waits with a reference: it would keep the other from bringing the page back.
    ///
    /// @param page of the device, with a reference of the caller's, which is dropped
    /// @return OK if the caller should look again; ENOMEM or EIO if the page stays on the device
    Errno fetch(long index, long page) {
        if (!folios.tryLock(page)) {
            machine.put(page);
            folios.waitUnlocked(page);
            return Errno.OK;
        }
        Errno errno = file.holds(page, index) ? fetchLocked(index, page) : Errno.OK;
        folios.unlock(page);
        machine.put(page);
        if (!errno.isOk()) {
            machine.filesOnDevices().note(FilesOnDevices.Event.FETCH_FAILED);
        }
        return errno;
    }

    private Errno fetchLocked(long index, long page) {
        long head = folios.head(page);
        int order = folios.order(head);
        long to = order == 0 ? machine.allocateFolio(0) : machine.allocateLargeFolio(order);
        if (to == Page.NONE) {
            return order > 0 && split(page) ? fetchLocked(index, page) : Errno.ENOMEM;
        }
        folios.lockNew(to);
        if (folios.mapCount(head) > 0) {
            new TryToMigrate(machine).unmap(head);
        }
        long first = folios.index(head);
        PagecacheCopy copy = copy(head, to);
        Errno errno =
                switch (copy) {
                    case COPIED -> Errno.OK;
                    case FAILED -> Errno.EIO;
                    case LOST -> readAgain(first, to);
                };
        boolean moved = errno.isOk() && replace(first, head, to);
        if (moved) {
            noteMoved(head, copy);
        }
        new RemoveMigrationEntries(machine).restore(head, moved ? to : head);
        folios.unlock(to);
        machine.put(to);
        return errno;
    }

    private PagecacheCopy copy(long head, long to) {
        DevicePrivateOps ops = machine.pagemap(head).privateOps();
        return ops instanceof PagecacheOps pagecache
                ? pagecache.migrateToPagecache(head, to)
                : PagecacheCopy.LOST;
    }

    /// What is in the store is what was there when the folio went to the device.
    private Errno readAgain(long first, long to) {
        if (file.isShmem()) {
            return Errno.EIO; // there is no store
        }
        try {
            for (int i = 0; i < folios.pageCount(to); i++) {
                file.store().readPage(first + i, machine.ram().bytes(to + i));
            }
        } catch (IOException e) {
            return Errno.EIO;
        }
        folios.clearFlag(to, FolioFlags.DIRTY);
        return Errno.OK;
    }

    /// References other than the file's and the caller's belong to somebody who is about to find
    /// the page locked, and lets go of it then.
    private boolean replace(long index, long page, long to) {
        int expected = 1 + folios.pageCount(page);
        return untilReleased(
                () -> file.pages().replace(index, page, to, expected, () -> moveState(page, to)));
    }

    /// There is no room for a folio of its size: the page comes by itself.
    private boolean split(long page) {
        return untilReleased(() -> new SplitFolio(machine).split(page, 0));
    }

    @SuppressWarnings("ThreadPriorityCheck") // the holder may want this processor
    private static boolean untilReleased(BooleanSupplier action) {
        for (int attempt = 0; attempt < REFERENCES_RETRY_LIMIT; attempt++) {
            if (action.getAsBoolean()) {
                return true;
            }
            Thread.yield();
        }
        return false;
    }

    /// Whether the new page is dirty is for the driver to say. The mark of the old one stays as
    /// long as that has its place: write-back looks for it.
    private void moveState(long page, long to) {
        boolean dirty = folios.hasFlag(to, FolioFlags.DIRTY);
        folios.migrateState(page, to);
        folios.setFlag(to, FolioFlags.UPTODATE | FolioFlags.LRU);
        if (!dirty && !file.isShmem()) {
            folios.clearFlag(to, FolioFlags.DIRTY);
        }
        if (machine.memcgs().isEnabled()) {
            machine.memcgs().migrate(page, to);
        }
    }

    private void noteMoved(long head, PagecacheCopy copy) {
        FilesOnDevices files = machine.filesOnDevices();
        int count = folios.pageCount(head);
        file.noteReclaimable(count);
        files.note(FilesOnDevices.Event.FETCHED, count);
        if (copy == PagecacheCopy.LOST) {
            files.note(FilesOnDevices.Event.READ_AGAIN, count);
            if (folios.hasFlag(head, FolioFlags.DIRTY)) {
                files.note(FilesOnDevices.Event.WRITES_LOST, count);
                file.countWriteError();
            }
        }
    }
}
