package farpage.mm.file;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.rmap.RemoveMigrationEntries;
import farpage.mm.rmap.TryToMigrate;
import farpage.mm.zonedevice.DevicePrivateOps;
import farpage.mm.zonedevice.PagecacheOps;
import farpage.mm.zonedevice.PagecacheOps.PagecacheCopy;
import java.io.IOException;

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

    /// Brings a page back, or waits for whoever has it locked. Nothing inner than a file's
    /// invalidate lock is held.
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
        long to = machine.allocateFolio(0);
        if (to == Page.NONE) {
            return Errno.ENOMEM;
        }
        folios.lockNew(to);
        if (folios.mapCount(page) > 0) {
            new TryToMigrate(machine).unmap(page);
        }
        PagecacheCopy copy = copy(page, to);
        Errno errno =
                switch (copy) {
                    case COPIED -> Errno.OK;
                    case FAILED -> Errno.EIO;
                    case LOST -> readAgain(index, to);
                };
        boolean moved = errno.isOk() && replace(index, page, to);
        if (moved) {
            noteMoved(page, copy);
        }
        new RemoveMigrationEntries(machine).restore(page, moved ? to : page);
        folios.unlock(to);
        machine.put(to);
        return errno;
    }

    private PagecacheCopy copy(long page, long to) {
        DevicePrivateOps ops = machine.pagemap(page).privateOps();
        return ops instanceof PagecacheOps pagecache
                ? pagecache.migrateToPagecache(page, to)
                : PagecacheCopy.LOST;
    }

    /// What is in the store is what was there when the page went to the device.
    private Errno readAgain(long index, long to) {
        if (file.isShmem()) {
            return Errno.EIO; // there is no store
        }
        try {
            file.store().readPage(index, machine.ram().bytes(to));
        } catch (IOException e) {
            return Errno.EIO;
        }
        folios.clearFlag(to, FolioFlags.DIRTY);
        return Errno.OK;
    }

    /// References other than the file's and the caller's belong to somebody who is about to find
    /// the page locked, and lets go of it then.
    @SuppressWarnings("ThreadPriorityCheck") // the holder may want this processor
    private boolean replace(long index, long page, long to) {
        for (int attempt = 0; attempt < REFERENCES_RETRY_LIMIT; attempt++) {
            if (file.pages().replace(index, page, to, 2, () -> moveState(page, to))) {
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

    private void noteMoved(long page, PagecacheCopy copy) {
        file.noteReclaimable(1);
        machine.filesOnDevices().note(FilesOnDevices.Event.FETCHED);
        if (copy == PagecacheCopy.LOST) {
            machine.filesOnDevices().note(FilesOnDevices.Event.READ_AGAIN);
            if (folios.hasFlag(page, FolioFlags.DIRTY)) {
                machine.filesOnDevices().note(FilesOnDevices.Event.WRITES_LOST);
                file.countWriteError();
            }
        }
    }
}
