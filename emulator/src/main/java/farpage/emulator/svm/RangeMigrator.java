package farpage.emulator.svm;

import farpage.emulator.copy.PageCopier;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.devmem.Evictor;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFault;
import farpage.mm.memory.FolioOrders;
import farpage.mm.migrate.MigrateSelect;
import farpage.mm.migrate.PhaseClock;
import farpage.mm.zonedevice.PagecacheOps.PagecacheCopy;
import java.util.function.Consumer;

/// Moves pages of mirrored processes to one device and back: whole commands, batches in a
/// [MigrationStream], and the pages of CPU faults, which take their own short way.
///
/// @kernel lib/test_hmm.c: dmirror_migrate_to_device, dmirror_migrate_to_system,
///   dmirror_devmem_fault
public final class RangeMigrator {
    /// The most pages whose folios are locked at once.
    public static final int BATCH_PAGES = 16384;

    /// How many pages go with one copy where nothing else is asked for.
    public static final int COPY_PAGES = MigrationPipeline.COPY_PAGES;

    /// The most batches of a stream that are under way at once.
    public static final int IN_FLIGHT_MAX = 4;

    private final DeviceMemory memory;
    private final Evictor evictor;
    private final PhaseClock clock = new PhaseClock();
    private final FaultMigrator faults;
    private final FileCopier files;
    private final boolean copiesFiles;

    // Working storage, under the DRIVER_SVM lock.
    private final MigrationStream toDevice;
    private final MigrationStream toSystem;
    private final DeviceCollapse collapse;

    /// @param owner of the device's pages
    /// @param own selects them
    /// @param evicts whether pages of the device make room for others when its memory is full
    /// @param collapses whether base pages of 2 MiB become one large folio on the way to the device
    public RangeMigrator(
            Machine machine,
            DeviceMemory memory,
            Evictor evictor,
            PageCopier engine,
            Object owner,
            MigrateSelect own,
            boolean evicts,
            boolean collapses) {
        this.memory = memory;
        this.evictor = evictor;
        FolioOrders orders = memory.orders();
        this.faults = new FaultMigrator(machine, engine, owner, orders, clock);
        this.copiesFiles = own == MigrateSelect.DEVICE_PRIVATE;
        this.files = new FileCopier(machine, memory, evictor, engine, evicts);
        this.toDevice =
                new MigrationStream(
                        new ToDevicePipeline(
                                machine,
                                memory,
                                engine,
                                new MigrationSet(
                                        MigrateSelect.SYSTEM, owner, orders, clock, collapses),
                                BATCH_PAGES,
                                collapses),
                        orders,
                        collapses,
                        new DeviceRoom(memory, evictor, evicts, collapses));
        this.toSystem =
                new MigrationStream(
                        new ToSystemPipeline(
                                machine,
                                engine,
                                new MigrationSet(own, owner, orders, clock, false),
                                BATCH_PAGES),
                        orders,
                        false,
                        null);
        this.collapse = new DeviceCollapse(machine, memory, evictor, engine, owner);
    }

    /// Measures the phases of this device's migrations, evictions excepted.
    public PhaseClock phaseClock() {
        return clock;
    }

    /// Migrates the pages of `[start, end)` that are in system memory or untouched. Nothing is
    /// held.
    ///
    /// @return EINVAL at the first address that no readable mapping covers; EIO after a failed
    ///   copy; OK also if pages stayed for want of memory
    public MigrationResult toDevice(ProcessMirror mirror, long start, long end) {
        return toDevice(mirror, 1, stream -> stream.add(start, end));
    }

    /// Migrates single pages, wherever they lie. Pages without a readable mapping are left out.
    /// Nothing is held.
    ///
    /// @param pageNumbers in any order; they are gone through in ascending order
    /// @param pageCount how many of them
    /// @return OK, or EIO after a failed copy
    public MigrationResult toDevice(ProcessMirror mirror, long[] pageNumbers, int pageCount) {
        return toDevice(mirror, 1, stream -> stream.add(pageNumbers, pageCount));
    }

    /// The same with copies of a given size.
    ///
    /// @param copyPages how many go with one copy
    /// @return OK, or EIO after a failed copy
    public MigrationResult toDevice(
            ProcessMirror mirror, long[] pageNumbers, int pageCount, int copyPages) {
        return toDevice(mirror, 1, stream -> stream.add(pageNumbers, pageCount, copyPages));
    }

    /// Migrates batches one after the other, with several under way at once. Nothing is held.
    ///
    /// @param batches under way, at most, 1 to [#IN_FLIGHT_MAX]
    /// @param feed adds them, and does nothing else with the process or the device
    /// @return the first failure, or OK; of all batches together
    public MigrationResult toDevice(
            ProcessMirror mirror, int batches, Consumer<MigrationStream> feed) {
        return migrate(toDevice, mirror, batches, feed);
    }

    /// Migrates the device's pages of `[start, end)` back. Nothing is held.
    ///
    /// @return as for the other direction; pages that find no system memory stay, and that is no
    ///   error
    public MigrationResult toSystem(ProcessMirror mirror, long start, long end) {
        return toSystem(mirror, 1, stream -> stream.add(start, end));
    }

    /// Migrates single pages back, as for the other direction.
    public MigrationResult toSystem(ProcessMirror mirror, long[] pageNumbers, int pageCount) {
        return toSystem(mirror, 1, stream -> stream.add(pageNumbers, pageCount));
    }

    /// The same with copies of a given size.
    public MigrationResult toSystem(
            ProcessMirror mirror, long[] pageNumbers, int pageCount, int copyPages) {
        return toSystem(mirror, 1, stream -> stream.add(pageNumbers, pageCount, copyPages));
    }

    /// Migrates batches back, as for the other direction.
    public MigrationResult toSystem(
            ProcessMirror mirror, int batches, Consumer<MigrationStream> feed) {
        return migrate(toSystem, mirror, batches, feed);
    }

    private MigrationResult migrate(
            MigrationStream stream,
            ProcessMirror mirror,
            int batches,
            Consumer<MigrationStream> feed) {
        if (batches < 1 || batches > IN_FLIGHT_MAX) {
            throw new IllegalArgumentException(
                    "batches: value=" + batches + ", limit=1 to " + IN_FLIGHT_MAX);
        }
        memory.lock();
        try {
            stream.open(mirror, batches);
            MigrationResult result;
            try {
                feed.accept(stream);
            } finally {
                result = stream.close();
            }
            return result;
        } finally {
            memory.unlock();
        }
    }

    /// Joins base pages that are on the device already, those of each 2 MiB that lie whole in
    /// `[start, end)`, into large folios there. What can not be joined stays as it is. Nothing is
    /// held.
    ///
    /// @return EINVAL at the first address that no readable mapping covers, or one whose pages do
    ///   not migrate; EIO after a failed copy; with the pages that are part of large folios now and
    ///   were not
    public MigrationResult collapse(ProcessMirror mirror, long start, long end) {
        memory.lock();
        try {
            return collapse.collapse(mirror, start, end);
        } finally {
            memory.unlock();
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
        return faults.toRam(fault);
    }

    /// Copies a page of a file to the page that takes its place in the file. Called by the core
    /// with both locked and nothing mapped.
    ///
    /// @return FAILED if the copy failed; the device has the contents still
    public PagecacheCopy toPagecache(long devicePage, long newPage) {
        return faults.toPagecache(devicePage, newPage);
    }

    /// Copies the pages of files in a range to the device, where such pages are copied. Nothing is
    /// held.
    ///
    /// @return how many the device can read there; EIO after a failed read or copy
    public MigrationResult copyFiles(ProcessMirror mirror, long start, long end) {
        if (!copiesFiles) {
            return new MigrationResult(Errno.OK, 0); // CPUs reach such memory: pages of files stay
        }
        memory.lock();
        try {
            return files.copy(mirror, start, end);
        } finally {
            memory.unlock();
        }
    }

    // Eviction and release.

    /// Moves every page of the device back that nobody holds; its memory stays. Nothing is held.
    public void evictAll() {
        memory.lock();
        try {
            evictor.evictAll();
        } finally {
            memory.unlock();
        }
    }

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
