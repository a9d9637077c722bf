package farpage.emulator;

import farpage.emulator.copy.CopyDevice;
import farpage.emulator.copy.CopyEngine;
import farpage.emulator.devmem.CoherentAccess;
import farpage.emulator.devmem.CoherentChunks;
import farpage.emulator.devmem.Compactor;
import farpage.emulator.devmem.CopyOwner;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.devmem.DeviceWindow;
import farpage.emulator.devmem.Evictor;
import farpage.emulator.devmem.PrivateChunks;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.mirror.ProcessMirror;
import farpage.emulator.peer.PeerClient;
import farpage.emulator.peer.PeerExports;
import farpage.emulator.peer.PeerMode;
import farpage.emulator.peer.PeerTable;
import farpage.emulator.svm.MigrationResult;
import farpage.emulator.svm.PeerMigrator;
import farpage.emulator.svm.RangeMigrator;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFault;
import farpage.mm.memory.FolioTable;
import farpage.mm.memoryfailure.MemoryFailure;
import farpage.mm.migrate.MigrateSelect;
import farpage.mm.migrate.PhaseClock;
import farpage.mm.zonedevice.DevicePagemap;
import farpage.mm.zonedevice.DevicePagemapOps;
import farpage.mm.zonedevice.MemoryType;
import farpage.mm.zonedevice.PagecacheOps;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/// One device with memory of its own, served by an OpenCL device. It owns its pages: the object
/// itself is the owner by which the memory manager knows them.
///
/// @kernel lib/test_hmm.c: struct dmirror_device
public final class EmulatedDevice {
    private final DeviceId id;
    private final MemoryType type;
    private final ClContext context;
    private final ClDevice clDevice;
    private final EmulatorConfig config;
    private final DeviceMemory memory;
    private final CopyEngine engine;
    private final Compactor compactor;
    private final RangeMigrator migrator;
    private final Machine machine;
    private final FolioTable folios;

    /// What this device has of others' memory, and they of its; null where nobody uses another's.
    private final @Nullable PeerClient peers;

    private final List<Dmirror> mirrors = new CopyOnWriteArrayList<>();
    private final MemoryFailure memoryFailure;

    private volatile boolean handlesMemoryFailure;

    /// @param peerTable of the machine; null where no device uses another's memory
    EmulatedDevice(
            DeviceId id,
            MemoryType type,
            Machine machine,
            CopyDevice copyDevice,
            EmulatorConfig config,
            @Nullable PeerTable peerTable) {
        this.id = id;
        this.type = type;
        this.context = copyDevice.context();
        this.clDevice = copyDevice.device();
        this.config = config;
        this.machine = machine;
        this.folios = machine.folios();
        this.memoryFailure = machine.memoryFailure();
        this.memory =
                type == MemoryType.COHERENT
                        ? newCoherentMemory(machine)
                        : newMemory(machine, copyDevice);
        boolean complete = false;
        try {
            this.engine =
                    new CopyEngine(
                            copyDevice,
                            memory,
                            config.copyPlan().orElseGet(copyDevice::defaultPlan),
                            config.nanoClock());
            complete = true;
        } finally {
            if (!complete) {
                memory.close();
            }
        }
        this.compactor = new Compactor(machine, memory, engine);
        this.migrator =
                new RangeMigrator(
                        machine,
                        memory,
                        new Evictor(machine, memory, engine, compactor),
                        engine,
                        this,
                        type == MemoryType.COHERENT
                                ? MigrateSelect.DEVICE_COHERENT
                                : MigrateSelect.DEVICE_PRIVATE,
                        config.evicts(),
                        config.collapses());
        this.peers = peerTable == null ? null : newPeer(peerTable, copyDevice, machine);
    }

    private PeerClient newPeer(PeerTable table, CopyDevice copyDevice, Machine machine) {
        PeerExports exports =
                type == MemoryType.PRIVATE
                        ? PeerExports.of(config.peerMode(), machine, memory)
                        : null;
        if (exports != null) {
            memory.setOnRelease(exports::chunkReleased);
        }
        return new PeerClient(
                table,
                id.index(),
                copyDevice,
                memory,
                exports,
                config.peerMappings(),
                config.nanoClock());
    }

    private DeviceMemory newMemory(Machine machine, CopyDevice copyDevice) {
        return new DeviceMemory(
                machine,
                new PrivateChunks(
                        copyDevice,
                        config.peerMode() == PeerMode.OFF ? new PrivateOps() : new ExportingOps(),
                        this,
                        config.chunkSize(),
                        config.deviceMemory(),
                        window(machine)),
                config.deviceMemory(),
                config.chunkSize(),
                clDevice.info().maxAllocation(),
                config.orders());
    }

    /// Where all memory of the device is registered, in a machine that has it in its physical
    /// address map.
    private Optional<DeviceWindow> window(Machine machine) {
        DeviceWindow.Request request =
                DeviceWindow.request(
                        machine.pfns(),
                        config.deviceMemory(),
                        Math.min(config.chunkSize(), clDevice.info().maxAllocation()),
                        "device " + id.index());
        return switch (request) {
            case DeviceWindow.Request.Taken(DeviceWindow window) -> Optional.of(window);
            case DeviceWindow.Request.NotNeeded() -> Optional.empty();
            case DeviceWindow.Request.Refused(String reason) -> throw new NoWindowException(reason);
        };
    }

    /// One chunk is all that a coherent device ever has.
    private DeviceMemory newCoherentMemory(Machine machine) {
        long chunk = Math.min(config.chunkSize(), config.deviceMemory());
        long limit = Math.min(chunk, clDevice.info().maxAllocation());
        long size = Math.min(limit, CoherentChunks.sizeMax());
        CoherentChunks source =
                new CoherentChunks(
                        context,
                        clDevice,
                        config.coherentAccess().orElseGet(() -> CoherentAccess.of(clDevice)),
                        id.index() - config.devices().size(),
                        new CoherentOps(),
                        this);
        boolean complete = false;
        try {
            DeviceMemory made =
                    new DeviceMemory(machine, source, size, size, size, config.orders());
            complete = true;
            return made;
        } finally {
            if (!complete) {
                source.close();
            }
        }
    }

    /// What the memory manager asks of this driver.
    ///
    /// @kernel lib/test_hmm.c: dmirror_devmem_ops
    private class CoherentOps implements DevicePagemapOps {
        @Override
        public void folioFree(long page, int order) {
            memory.free(page, order);
        }

        @Override
        public void pagesFree(long firstPage, int count) {
            memory.freePages(firstPage, count);
        }

        @Override
        public void pagesFree(long[] pages, int from, int to) {
            memory.freePages(pages, from, to);
        }

        /// The page is never handed out again, whether or not it can be taken from its users.
        @Override
        public Errno memoryFailure(DevicePagemap pagemap, long page, int pageCount) {
            if (!handlesMemoryFailure) {
                return Errno.EOPNOTSUPP;
            }
            Errno result = Errno.OK;
            for (int i = 0; i < pageCount; i++) {
                Errno errno = takeBroken(page + i);
                result = result.isOk() ? errno : result;
            }
            return result;
        }
    }

    private Errno takeBroken(long page) {
        if (memory.retire(page) || isDiscarded(page)) {
            return Errno.OK;
        }
        Errno errno = memoryFailure.takeFromUsers(page);
        return errno == Errno.ENXIO ? Errno.OK : errno; // it was freed meanwhile
    }

    /// What is a copy is only dropped; not while it is being made.
    private boolean isDiscarded(long page) {
        if (!machine.filesOnDevices().copiesPages()) {
            return false;
        }
        memory.lock();
        try {
            return folios.zoneDeviceData(page) instanceof CopyOwner owner && owner.discard(page);
        } finally {
            memory.unlock();
        }
    }

    private class PrivateOps extends CoherentOps implements PagecacheOps {
        @Override
        public FaultResult migrateToRam(PageFault fault) {
            return migrator.toRam(fault);
        }

        @Override
        public PagecacheCopy migrateToPagecache(long devicePage, long newPage) {
            return handlesMemoryFailure && isAnyBroken(devicePage)
                    ? PagecacheCopy.LOST
                    : migrator.toPagecache(devicePage, newPage);
        }

        @Override
        public void folioSplit(long head, int order, int newOrder) {
            Object mirror = folios.zoneDeviceData(head);
            for (long tail = head + (1L << newOrder);
                    tail < head + (1L << order);
                    tail += 1L << newOrder) {
                folios.setZoneDeviceData(tail, mirror);
            }
            memory.noteSplit(order);
        }
    }

    /// Whether its driver takes broken pages from who uses them; not at first, as the kernel's
    /// drivers do not.
    ///
    /// @kernel include/linux/memremap.h: struct dev_pagemap_ops, memory_failure
    public void setHandlesMemoryFailure(boolean on) {
        handlesMemoryFailure = on;
    }

    /// Whether a page of a folio broke that could not be cut then.
    private boolean isAnyBroken(long head) {
        for (int i = 0; i < folios.pageCount(head); i++) {
            if (isBroken(head + i)) {
                return true;
            }
        }
        return false;
    }

    /// Whether a page broke, and is kept from being used again.
    public boolean isBroken(long page) {
        return memory.owns(page) && memory.chunk(page).isRetired(page);
    }

    /// The same where other devices use this one's memory.
    private final class ExportingOps extends PrivateOps {
        private PeerExports exports() {
            return Objects.requireNonNull(Objects.requireNonNull(peers).exports());
        }

        @Override
        public long dmaPageForDevice(long page) {
            return exports().dmaPage(page);
        }

        @Override
        public void folioFree(long page, int order) {
            if (exports().mayFree(page, order)) {
                super.folioFree(page, order);
            }
        }

        @Override
        public void pagesFree(long firstPage, int count) {
            if (exports().mappedPages() == 0) {
                super.pagesFree(firstPage, count);
                return;
            }
            for (int i = 0; i < count; i++) {
                folioFree(firstPage + i, 0);
            }
        }

        @Override
        public void pagesFree(long[] pages, int from, int to) {
            if (exports().mappedPages() == 0) {
                super.pagesFree(pages, from, to);
                return;
            }
            for (int i = from; i < to; i++) {
                folioFree(pages[i], 0);
            }
        }
    }

    /// What this device has of others' memory and they of its; empty where no device uses
    /// another's.
    public Optional<PeerClient> peers() {
        return Optional.ofNullable(peers);
    }

    /// Moves pages of a process straight from another device's memory to this one's.
    ///
    /// @param file of this device, for which they come
    /// @return as of a migration to the device; large folios that find none of their size stay
    /// @throws IllegalArgumentException if devices do not use each other's memory, or the other
    ///   one's is not device-private
    public MigrationResult migrateFrom(
            EmulatedDevice owner, Dmirror file, long address, long pageCount) {
        if (peers == null || type != MemoryType.PRIVATE || owner.type != MemoryType.PRIVATE) {
            throw new IllegalArgumentException(
                    "migration: value="
                            + owner
                            + " to "
                            + this
                            + ", limit=device-private memory that other devices use");
        }
        return new PeerMigrator(machine, memory)
                .migrate(
                        file.mirror(),
                        owner,
                        address,
                        address + PageSize.pageAddress(pageCount),
                        batch -> peers.move(owner.id.index(), batch));
    }

    /// The kind of its memory.
    public MemoryType type() {
        return type;
    }

    public DeviceId id() {
        return id;
    }

    /// The OpenCL device that serves this one.
    public ClDevice clDevice() {
        return clDevice;
    }

    /// The OpenCL context that holds its memory; the emulator closes it.
    public ClContext context() {
        return context;
    }

    public DeviceMemory memory() {
        return memory;
    }

    public CopyEngine copyEngine() {
        return engine;
    }

    /// The time that its migrations spend in each phase; it stands still until it is started.
    public PhaseClock phaseClock() {
        return migrator.phaseClock();
    }

    /// Opens the device for a process: the file stays tied to it, also over a fork.
    ///
    /// @throws IllegalArgumentException if the process has exited
    /// @kernel lib/test_hmm.c: dmirror_fops_open
    public Dmirror open(Mm mm) {
        ProcessMirror mirror = new ProcessMirror(mm, this, config.nanoClock(), peers);
        Dmirror dmirror = new Dmirror(memory, engine, migrator, mirror, peers, mirrors::remove);
        mirrors.add(dmirror);
        return dmirror;
    }

    /// The open files.
    public List<Dmirror> openMirrors() {
        return List.copyOf(mirrors);
    }

    /// Moves folios together if too much of the free memory is too scattered for large ones.
    /// Somebody has to call it now and then, as a driver's worker would.
    ///
    /// @kernel mm/compaction.c: kcompactd
    public void compactIfFragmented() {
        memory.lock();
        try {
            compactor.compactIfFragmented();
        } finally {
            memory.unlock();
        }
    }

    /// Moves everything back to system memory and gives the device's memory up, and with it what is
    /// known of broken pages.
    ///
    /// @return ENOMEM or EIO if pages had to stay
    public Errno release() {
        return migrator.release();
    }

    @Override
    public String toString() {
        return "device " + id.index() + " on " + clDevice.info().name();
    }
}
