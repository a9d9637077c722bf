package farpage.emulator.workload;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.Emulator;
import farpage.emulator.copy.CopyCounters;
import farpage.emulator.copy.CopyStatistics;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.trace.AccessBatch;
import farpage.emulator.trace.AccessKind;
import farpage.emulator.trace.LackeyReader;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import java.util.function.LongSupplier;

/// Replays a program's recorded accesses in one process whose pages migrate between system memory
/// and a device: the CPU and the device take turns, and each faults the pages that it needs over to
/// its side. Every load on either side is checked, and at the end all of memory.
///
/// Accesses of a device phase are collected and launched together; the shadow takes them in program
/// order as they are collected, so the hash that each load must see is known before it runs.
///
/// @kernel none; a program of the kind that hmm.rst has in mind
public final class AccessReplay implements AutoCloseable {
    private static final int ACCESSES_PER_BATCH = 1 << 14;
    private static final int DEVICE_ACCESSES_PER_LAUNCH = 1 << 17;
    private static final int DEVICE_PAGES_PER_LAUNCH = 4096;
    private static final int RESIDENCY_COLUMNS = 54;
    private static final int RESIDENCY_BLOCKS = 4096;

    /// Accesses between two looks at where the pages are, at least; it grows with their number.
    private static final long RESIDENCY_STEP = 1 << 14;

    /// What the user may follow and stop.
    ///
    /// @kernel none
    public interface Listener {
        /// Called between two steps, when every page is in one place and no lock is held. It may
        /// throw to end the replay.
        ///
        /// @param accessCount accesses replayed so far
        void progress(long accessCount);

        /// All accesses were replayed, and the pages are where that left them; looking at all
        /// contents, which comes next, brings them back to the system. No lock is held.
        void replayed(Mm mm);
    }

    private final OwnedResources owned = new OwnedResources();
    private final EmulatedDevice device;
    private final AccessPhases phases;
    private final LongSupplier nanoClock;
    private final Mm mm;
    private final Dmirror mirror;
    private final Shadow shadow;
    private final ProgramMemory memory;
    private final CpuAgent cpu;
    private final DeviceAgent deviceAgent;
    private final DeviceTasks tasks;
    private final PageSplitter splitter = new PageSplitter();
    private final ResidencyMap residency = new ResidencyMap(RESIDENCY_COLUMNS, RESIDENCY_BLOCKS);

    private final AccessBatch cpuPart = new AccessBatch(ACCESSES_PER_BATCH * 2);
    private final AccessBatch devicePart = new AccessBatch(ACCESSES_PER_BATCH * 2);
    private final long[] kinds = new long[4];
    private long deviceLoadsVerified;
    private long nextResidencySample;
    private long readNanos;
    private long cpuNanos;
    private long deviceNanos;
    private long verifyNanos;

    /// @param phases how accesses are dealt out to CPU and device
    /// @param seed what stores write follows from it
    /// @param nanoClock for the times of the summary
    public AccessReplay(
            Emulator emulator,
            EmulatedDevice device,
            AccessPhases phases,
            long seed,
            LongSupplier nanoClock) {
        this.device = device;
        this.phases = phases;
        this.nanoClock = nanoClock;
        int pageCount = taskCountMax(device);
        this.mm = emulator.newProcess();
        owned.add(this::exit);
        boolean complete = false;
        try {
            this.mirror = device.open(mm);
            owned.add(mirror::close);
            this.shadow = new Shadow(seed);
            owned.add(shadow::close);
            this.memory = new ProgramMemory(mm);
            this.cpu = new CpuAgent(mm, memory, shadow, seed);
            this.tasks = new DeviceTasks(pageCount, DEVICE_ACCESSES_PER_LAUNCH);
            owned.add(tasks::close);
            this.deviceAgent =
                    new DeviceAgent(device, mirror, pageCount, DEVICE_ACCESSES_PER_LAUNCH, seed);
            owned.add(deviceAgent::close);
            complete = true;
        } finally {
            if (!complete) {
                owned.close();
            }
        }
    }

    private void exit() {
        if (!mm.isExited()) {
            mm.exit();
        }
    }

    /// A launch touches at most half of the device's pages, so that bringing some does not push out
    /// others of the same launch for ever.
    private static int taskCountMax(EmulatedDevice device) {
        long pages = PageSize.pageNumber(device.memory().limitBytes());
        return (int) Math.max(1, Math.min(DEVICE_PAGES_PER_LAUNCH, pages / 2));
    }

    /// Where the pages were over time.
    public ResidencyMap residency() {
        return residency;
    }

    /// Replays a recording to its end.
    ///
    /// @throws DataMismatchException if a load, or a page at the end, is not what it must be
    /// @throws WorkloadException if the program needs what the devices can not give
    public RunSummary run(LackeyReader reader, Listener listener) {
        long start = nanoClock.getAsLong();
        AccessBatch accesses = new AccessBatch(ACCESSES_PER_BATCH);
        AccessBatch parts = new AccessBatch(ACCESSES_PER_BATCH * PageSplitter.PARTS_MAX);
        while (readNext(reader, accesses)) {
            countKinds(accesses);
            splitter.split(accesses, parts);
            replay(parts);
            listener.progress(reader.accessCount());
        }
        flushDevice();
        sampleResidency();
        listener.replayed(mm);
        long digest = verifyAll(listener, reader.accessCount());
        return summary(digest, nanoClock.getAsLong() - start);
    }

    private boolean readNext(LackeyReader reader, AccessBatch accesses) {
        long start = nanoClock.getAsLong();
        boolean more = reader.next(accesses);
        readNanos += nanoClock.getAsLong() - start;
        return more;
    }

    private void countKinds(AccessBatch accesses) {
        for (int i = 0; i < accesses.count(); i++) {
            kinds[accesses.kind()[i]]++;
        }
    }

    private void replay(AccessBatch parts) {
        int next = 0;
        while (next < parts.count()) {
            long sequence = parts.sequence()[next];
            if (phases.sideOf(sequence) == AccessPhases.Side.CPU) {
                flushDevice();
            }
            if (sequence >= nextResidencySample) {
                sampleResidency();
                nextResidencySample = sequence + RESIDENCY_STEP + shadow.pageCount() * 4L;
            }
            cpuPart.clear();
            devicePart.clear();
            next = phases.deal(parts, next, cpuPart, devicePart);
            long start = nanoClock.getAsLong();
            cpu.execute(cpuPart);
            cpuNanos += nanoClock.getAsLong() - start;
            collect();
        }
    }

    /// Adds the device's part to its tasks, in program order.
    private void collect() {
        long start = nanoClock.getAsLong();
        for (int i = 0; i < devicePart.count(); i++) {
            long address = devicePart.address()[i];
            int size = devicePart.size()[i];
            byte kind = devicePart.kind()[i];
            long sequence = devicePart.sequence()[i];
            if (tasks.isFull()) {
                verifyNanos += nanoClock.getAsLong() - start;
                flushDevice();
                start = nanoClock.getAsLong();
            }
            memory.map(address);
            long expected = AccessKind.reads(kind) ? shadow.loadHash(address, size) : 0;
            if (kind == AccessKind.STORE) {
                shadow.store(address, size, sequence);
            } else if (kind == AccessKind.MODIFY) {
                shadow.modify(address, size, sequence);
            }
            tasks.add(address, size, kind, sequence, expected);
        }
        verifyNanos += nanoClock.getAsLong() - start;
    }

    /// Lets the device execute what was collected.
    private void flushDevice() {
        if (tasks.isEmpty()) {
            return;
        }
        long start = nanoClock.getAsLong();
        deviceAgent.execute(tasks);
        long executed = nanoClock.getAsLong();
        for (int i = 0; i < tasks.accessCount(); i++) {
            if (tasks.isLoad(i)) {
                if (!tasks.isRight(i, deviceAgent.result(i))) {
                    throw new DataMismatchException("the device", tasks.describe(i));
                }
                deviceLoadsVerified++;
            }
        }
        tasks.clear();
        deviceNanos += executed - start;
        verifyNanos += nanoClock.getAsLong() - executed;
    }

    private void sampleResidency() {
        long[] pages = shadow.pageNumbers();
        if (pages.length == 0) {
            return;
        }
        DevicePageTable table = mirror.mirror().table();
        residency.beginSample();
        table.lock();
        try {
            for (long page : pages) {
                long entry = table.entryLocked(page);
                boolean onDevice =
                        DevicePte.isPresent(entry) && Page.isDevice(DevicePte.page(entry));
                residency.add(
                        page, onDevice ? ResidencyMap.Place.DEVICE : ResidencyMap.Place.SYSTEM);
            }
        } finally {
            table.unlock();
        }
    }

    /// Brings everything back and compares all of memory with the shadow.
    ///
    /// @return the digest of what is in memory
    private long verifyAll(Listener listener, long accessCount) {
        long start = nanoClock.getAsLong();
        long[] pages = shadow.pageNumbers();
        mirror.migrateToSystem(pages, pages.length);
        MemoryDigest digest = new MemoryDigest();
        for (int i = 0; i < pages.length; i++) {
            if ((i & 0xfff) == 0) {
                listener.progress(accessCount);
            }
            long address = PageSize.pageAddress(pages[i]);
            if (!cpu.verifyPage(address, PageSize.PAGE_SIZE)) {
                throw new DataMismatchException(
                        "the CPU", String.format("the page at %x", address));
            }
            cpu.addToDigest(digest, pages[i], address);
        }
        verifyNanos += nanoClock.getAsLong() - start;
        return digest.value();
    }

    private RunSummary summary(long digest, long totalNanos) {
        CopyStatistics copies = device.copyEngine().statistics();
        return new RunSummary(
                new RunSummary.Accesses(
                        kinds[AccessKind.FETCH],
                        kinds[AccessKind.LOAD],
                        kinds[AccessKind.STORE],
                        kinds[AccessKind.MODIFY],
                        splitter.partCount() - phases.deviceAccessCount(),
                        phases.deviceAccessCount()),
                new RunSummary.Faults(cpu.faultCount(), deviceAgent.faultCount()),
                transfer(copies.toDevice()),
                transfer(copies.toSystem()),
                device.memory().statistics().evictedPages(),
                new RunSummary.Times(readNanos, cpuNanos, deviceNanos, verifyNanos, totalNanos),
                cpu.loadsVerified() + deviceLoadsVerified,
                digest);
    }

    private static RunSummary.Transfer transfer(CopyCounters counters) {
        return new RunSummary.Transfer(
                counters.pages() + counters.clearedPages(), counters.bytes(), counters.nanos());
    }

    /// Ends the process; what it had on the device is freed.
    @Override
    public void close() {
        owned.close();
    }
}
