package farpage.emulator.svm;

import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyEngine;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.devmem.Evictor;
import farpage.emulator.devmem.SystemDestinations;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFault;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.MigrateSelect;
import farpage.mm.migrate.MigrateVma;

/// Moves pages of mirrored processes to one device and back.
///
/// Commands go through in batches of at most [#BATCH_PAGES] pages. For each batch room is made on
/// the device first, under nothing but the device's `DRIVER_SVM` lock, since that may evict; then,
/// under the mmap lock, all ranges are set up, one copy moves all bytes, and *pages*, the device's
/// page table and *finish* follow for each range. The CPU fault on a device page takes its own
/// short way and needs no lock of the device's.
///
/// @kernel lib/test_hmm.c: dmirror_migrate_to_device, dmirror_migrate_to_system,
///   dmirror_devmem_fault
public final class RangeMigrator {
    /// The most pages whose folios are locked at once.
    public static final int BATCH_PAGES = 4096;

    private final Machine machine;
    private final DeviceMemory memory;
    private final Evictor evictor;
    private final CopyEngine engine;
    private final Object owner;
    private final boolean evicts;

    // Working storage, under the DRIVER_SVM lock.
    private final MigrationSet toDevice;
    private final MigrationSet toSystem;
    private final CopyBatch batch = new CopyBatch(BATCH_PAGES);
    private final long[] devicePages = new long[BATCH_PAGES];

    /// @param owner of the device's pages
    /// @param evicts whether pages of the device make room for others when its memory is full
    public RangeMigrator(
            Machine machine,
            DeviceMemory memory,
            Evictor evictor,
            CopyEngine engine,
            Object owner,
            boolean evicts) {
        this.machine = machine;
        this.memory = memory;
        this.evictor = evictor;
        this.engine = engine;
        this.owner = owner;
        this.evicts = evicts;
        this.toDevice = new MigrationSet(MigrateSelect.SYSTEM, owner);
        this.toSystem = new MigrationSet(MigrateSelect.DEVICE_PRIVATE, owner);
    }

    // To the device.

    /// Migrates the pages of `[start, end)` that are in system memory or untouched. Nothing is
    /// held.
    ///
    /// @return EINVAL at the first address that no readable mapping covers; EIO after a failed
    ///   copy; OK also if pages stayed for want of memory
    public MigrationResult toDevice(ProcessMirror mirror, long start, long end) {
        long moved = 0;
        Errno errno = Errno.OK;
        memory.lock();
        try {
            for (long at = start; at < end && errno.isOk(); ) {
                long stop = Math.min(end, at + PageSize.pageAddress(BATCH_PAGES));
                makeRoom(missingPages(mirror, at, stop));
                MigrationResult result = batchToDevice(mirror, at, stop);
                moved += result.movedPages();
                errno = result.errno();
                at = stop;
            }
        } finally {
            memory.unlock();
        }
        return new MigrationResult(errno, moved);
    }

    private MigrationResult batchToDevice(ProcessMirror mirror, long start, long end) {
        Mm mm = mirror.mm();
        mm.lockRead();
        mirror.beginMigration();
        try {
            Errno errno = setupRange(toDevice, mm, start, end);
            MigrationResult result = moveToDevice(mirror);
            return errno.isOk() ? result : new MigrationResult(errno, result.movedPages());
        } finally {
            mirror.endMigration();
            mm.unlockRead();
        }
    }

    /// Migrates single pages, wherever they lie. Pages without a readable mapping are left out.
    /// Nothing is held.
    ///
    /// @param pageNumbers in ascending order, none twice
    /// @param count how many of them
    /// @return OK, or EIO after a failed copy
    public MigrationResult toDevice(ProcessMirror mirror, long[] pageNumbers, int count) {
        long moved = 0;
        Errno errno = Errno.OK;
        memory.lock();
        try {
            for (int from = 0; from < count && errno.isOk(); from += BATCH_PAGES) {
                int to = Math.min(count, from + BATCH_PAGES);
                makeRoom(missingPages(mirror, pageNumbers, from, to));
                mirror.mm().lockRead();
                mirror.beginMigration();
                try {
                    setupPages(toDevice, mirror.mm(), pageNumbers, from, to);
                    MigrationResult result = moveToDevice(mirror);
                    moved += result.movedPages();
                    errno = result.errno();
                } finally {
                    mirror.endMigration();
                    mirror.mm().unlockRead();
                }
            }
        } finally {
            memory.unlock();
        }
        return new MigrationResult(errno, moved);
    }

    private void makeRoom(int pageCount) {
        if (evicts) {
            evictor.reserve(pageCount);
        }
    }

    /// Pages that the mirror does not know to be on the device.
    private static int missingPages(ProcessMirror mirror, long start, long end) {
        DevicePageTable table = mirror.table();
        int missing = 0;
        table.lock();
        for (long page = PageSize.pageNumber(start); page < PageSize.pageNumber(end); page++) {
            missing += isOnDevice(table.entryLocked(page)) ? 0 : 1;
        }
        table.unlock();
        return missing;
    }

    private static int missingPages(ProcessMirror mirror, long[] pageNumbers, int from, int to) {
        DevicePageTable table = mirror.table();
        int missing = 0;
        table.lock();
        for (int i = from; i < to; i++) {
            missing += isOnDevice(table.entryLocked(pageNumbers[i])) ? 0 : 1;
        }
        table.unlock();
        return missing;
    }

    private static boolean isOnDevice(long entry) {
        return DevicePte.isPresent(entry) && Page.isDevice(DevicePte.page(entry));
    }

    /// Phases two to four for everything that was set up. The mmap lock is held for reading.
    private MigrationResult moveToDevice(ProcessMirror mirror) {
        for (int i = 0; i < toDevice.size(); i++) {
            withdrawWrite(mirror.table(), toDevice.get(i));
        }
        int allocated = memory.allocate(devicePages, toDevice.migratingCount(), 0);
        batch.clear();
        int used = 0;
        for (int i = 0; i < toDevice.size(); i++) {
            used = fillDestinations(toDevice.get(i), used, allocated);
        }
        assert used == allocated;
        boolean copied = engine.toDevice(batch).isCopied();
        long moved = 0;
        for (int i = 0; i < toDevice.size(); i++) {
            MigrateVma migration = toDevice.get(i);
            if (!copied) {
                SystemDestinations.drop(machine, migration);
            }
            migration.pages();
            moved += mapOnDevice(mirror.table(), migration);
        }
        toDevice.finish();
        return new MigrationResult(copied ? Errno.OK : Errno.EIO, moved);
    }

    /// Until the new entries are in place the device may still load from the old pages, but a store
    /// would be lost. It faults then, and waits for the migration.
    private static void withdrawWrite(DevicePageTable table, MigrateVma migration) {
        long first = PageSize.pageNumber(migration.address(0));
        table.lock();
        for (int i = 0; i < migration.pageCount(); i++) {
            if (MigratePfn.hasMigrated(migration.src(i))) {
                long entry = table.entryLocked(first + i);
                if (DevicePte.isWritable(entry)) {
                    table.setEntryLocked(first + i, DevicePte.of(DevicePte.page(entry), false));
                }
            }
        }
        table.unlock();
    }

    /// Hands out the allocated pages in order; what migrates beyond them stays.
    private int fillDestinations(MigrateVma migration, int used, int allocated) {
        int next = used;
        for (int i = 0; i < migration.pageCount() && next < allocated; i++) {
            long word = migration.src(i);
            if (!MigratePfn.isMigrating(word)) {
                continue;
            }
            long to = devicePages[next++];
            long destination = MigratePfn.ofPage(to);
            migration.setDst(
                    i,
                    MigratePfn.isWritable(word) ? MigratePfn.withWrite(destination) : destination);
            batch.add(MigratePfn.page(word), to);
        }
        return next;
    }

    /// @kernel lib/test_hmm.c: dmirror_migrate_finalize_and_map
    private static long mapOnDevice(DevicePageTable table, MigrateVma migration) {
        long first = PageSize.pageNumber(migration.address(0));
        long moved = 0;
        table.lock();
        for (int i = 0; i < migration.pageCount(); i++) {
            long to = MigratePfn.page(migration.dst(i));
            if (MigratePfn.isMigrating(migration.src(i)) && to != Page.NONE) {
                boolean writable = MigratePfn.isWritable(migration.dst(i));
                table.setEntryLocked(first + i, DevicePte.of(to, writable));
                moved++;
            }
        }
        table.unlock();
        return moved;
    }

    // To system memory.

    /// Migrates the device's pages of `[start, end)` back. Nothing is held.
    ///
    /// @return as for the other direction; pages that find no system memory stay, and that is no
    ///   error
    public MigrationResult toSystem(ProcessMirror mirror, long start, long end) {
        long moved = 0;
        Errno errno = Errno.OK;
        memory.lock();
        try {
            for (long at = start; at < end && errno.isOk(); ) {
                long stop = Math.min(end, at + PageSize.pageAddress(BATCH_PAGES));
                MigrationResult result = batchToSystem(mirror, at, stop);
                moved += result.movedPages();
                errno = result.errno();
                at = stop;
            }
        } finally {
            memory.unlock();
        }
        return new MigrationResult(errno, moved);
    }

    private MigrationResult batchToSystem(ProcessMirror mirror, long start, long end) {
        Mm mm = mirror.mm();
        mm.lockRead();
        mirror.beginMigration();
        try {
            Errno errno = setupRange(toSystem, mm, start, end);
            MigrationResult result = moveToSystem(mirror);
            return errno.isOk() ? result : new MigrationResult(errno, result.movedPages());
        } finally {
            mirror.endMigration();
            mm.unlockRead();
        }
    }

    /// Migrates single pages back, as for the other direction.
    public MigrationResult toSystem(ProcessMirror mirror, long[] pageNumbers, int count) {
        long moved = 0;
        Errno errno = Errno.OK;
        memory.lock();
        try {
            for (int from = 0; from < count && errno.isOk(); from += BATCH_PAGES) {
                int to = Math.min(count, from + BATCH_PAGES);
                mirror.mm().lockRead();
                mirror.beginMigration();
                try {
                    setupPages(toSystem, mirror.mm(), pageNumbers, from, to);
                    MigrationResult result = moveToSystem(mirror);
                    moved += result.movedPages();
                    errno = result.errno();
                } finally {
                    mirror.endMigration();
                    mirror.mm().unlockRead();
                }
            }
        } finally {
            memory.unlock();
        }
        return new MigrationResult(errno, moved);
    }

    private MigrationResult moveToSystem(ProcessMirror mirror) {
        batch.clear();
        for (int i = 0; i < toSystem.size(); i++) {
            eraseMigrating(mirror.table(), toSystem.get(i));
            SystemDestinations.append(machine, toSystem.get(i), batch);
        }
        boolean copied = engine.toSystem(batch).isCopied();
        long moved = 0;
        for (int i = 0; i < toSystem.size(); i++) {
            MigrateVma migration = toSystem.get(i);
            if (!copied) {
                SystemDestinations.drop(machine, migration);
            }
            migration.pages();
            for (int page = 0; page < migration.pageCount(); page++) {
                moved += MigratePfn.hasMigrated(migration.src(page)) ? 1 : 0;
            }
        }
        toSystem.finish();
        return new MigrationResult(copied ? Errno.OK : Errno.EIO, moved);
    }

    private static void eraseMigrating(DevicePageTable table, MigrateVma migration) {
        long first = PageSize.pageNumber(migration.address(0));
        table.lock();
        for (int i = 0; i < migration.pageCount(); i++) {
            if (MigratePfn.isMigrating(migration.src(i))) {
                table.eraseLocked(first + i, first + i + 1);
            }
        }
        table.unlock();
    }

    // What both directions share.

    /// @kernel lib/test_hmm.c: the loop of dmirror_migrate_to_device
    private static Errno setupRange(MigrationSet set, Mm mm, long start, long end) {
        if (mm.isExited()) {
            return Errno.EINVAL;
        }
        for (long at = start; at < end; ) {
            Vma vma = mm.lookupVma(at);
            if (vma == null || !vma.isReadable()) {
                return Errno.EINVAL;
            }
            long stop = Math.min(end, vma.end());
            Errno errno = set.setup(vma, at, stop);
            if (!errno.isOk()) {
                return errno;
            }
            at = stop;
        }
        return Errno.OK;
    }

    private static void setupPages(MigrationSet set, Mm mm, long[] pageNumbers, int from, int to) {
        for (int i = from; i < to; ) {
            long start = PageSize.pageAddress(pageNumbers[i]);
            Vma vma = mm.lookupVma(start);
            if (vma == null || !vma.isReadable()) {
                i++;
                continue;
            }
            long endPage = PageSize.pageNumber(vma.end());
            int next = i + 1;
            while (next < to
                    && pageNumbers[next] == pageNumbers[next - 1] + 1
                    && pageNumbers[next] < endPage) {
                next++;
            }
            // A mapping of a kind that can not migrate is left out like no mapping.
            Errno _ = set.setup(vma, start, PageSize.pageAddress(pageNumbers[next - 1] + 1));
            i = next;
        }
    }

    // The CPU's fault.

    /// Brings the page of a CPU fault back. Called by the core with the mmap lock held for reading
    /// and the page locked.
    ///
    /// The mirrors of the process hear of it through their notifiers and drop the entry.
    ///
    /// @return OUT_OF_MEMORY if there is no system page, SIGBUS if the copy failed; the page is
    ///   still on the device then
    /// @kernel lib/test_hmm.c: dmirror_devmem_fault
    public FaultResult toRam(PageFault fault) {
        MigrateVma migration = new MigrateVma(1, MigrateSelect.DEVICE_PRIVATE, owner, fault.page());
        Errno errno =
                migration.setup(fault.vma(), fault.address(), fault.address() + PageSize.PAGE_SIZE);
        if (!errno.isOk()) {
            return FaultResult.SIGBUS;
        }
        CopyBatch one = new CopyBatch(1);
        FaultResult result = FaultResult.HANDLED;
        if (SystemDestinations.append(machine, migration, one) > 0) {
            result = FaultResult.OUT_OF_MEMORY;
        } else if (!engine.toSystem(one).isCopied()) {
            SystemDestinations.drop(machine, migration);
            result = FaultResult.SIGBUS;
        }
        migration.pages();
        migration.finish();
        return result;
    }

    // Release.

    /// Moves every page of the device back, whoever maps it, and gives its memory up. Nothing is
    /// held.
    ///
    /// @return ENOMEM or EIO if pages had to stay; the device is usable then
    public Errno release() {
        memory.lock();
        try {
            return evictor.releaseAll();
        } finally {
            memory.unlock();
        }
    }
}
