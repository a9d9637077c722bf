package farpage.emulator.experiment;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.copy.CopyCounters;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.svm.MigrationResult;
import farpage.emulator.workload.DataMismatchException;
import farpage.emulator.workload.WorkloadException;
import farpage.mm.Advice;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.hugememory.HugePages.Enabled;
import farpage.mm.memory.FolioOrders;
import farpage.mm.memory.FolioTable;
import farpage.mm.migrate.PhaseClock;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClQueue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.function.Function;

/// The memory that an experiment or a benchmark moves: a range of one process on a machine and a
/// device of its own, with a copy of what it must contain, and a buffer for plain OpenCL transfers
/// beside it.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: struct hmm_buffer
public final class FolioRange {
    /// Ranges begin at a multiple of this, and are made of such.
    private static final long BLOCK_BYTES = (long) PageSize.PAGE_SIZE << PageSize.LEVEL_SHIFT;

    /// RAM beside that of the range: the page of zeros, and some to spare.
    private static final long SPARE_RAM = 2 * BLOCK_BYTES;

    private final EmulatedDevice device;
    private final Machine machine;
    private final Mm mm;
    private final Dmirror mirror;
    private final ClQueue queue;
    private final ClBuffer raw;
    private final MemorySegment contents;

    /// The host's side of plain transfers from the device.
    private final MemorySegment landing;

    private final SplittableRandom random;
    private final CpuAccess cpu;
    private final long start;

    private FolioRange(
            EmulatedDevice device,
            Dmirror mirror,
            ClQueue queue,
            ClBuffer raw,
            MemorySegment contents,
            MemorySegment landing,
            long seed) {
        this.device = device;
        this.machine = mirror.mm().machine();
        this.mm = mirror.mm();
        this.mirror = mirror;
        this.queue = queue;
        this.raw = raw;
        this.contents = contents;
        this.landing = landing;
        this.random = new SplittableRandom(seed);
        this.cpu = new CpuAccess(mm);
        long mapped = mm.mmap(contents.byteSize() + BLOCK_BYTES, VmFlags.READ | VmFlags.WRITE);
        this.start = (mapped + BLOCK_BYTES - 1) & -BLOCK_BYTES;
        for (long at = 0; at < contents.byteSize(); at += Long.BYTES) {
            contents.set(ValueLayout.JAVA_LONG, at, random.nextLong());
        }
    }

    /// Makes a range, works with it, and gives everything back.
    ///
    /// @param config binding and OpenCL device; the sizes in it are not used
    /// @param bytes of the range
    /// @param seed of its contents
    public static <R> R with(
            EmulatorConfig config, long bytes, long seed, Function<FolioRange, R> work) {
        EmulatorConfig own =
                config.withDeviceCount(1)
                        .withOrders(FolioOrders.ALL)
                        .withRamSize(bytes + SPARE_RAM)
                        .withDeviceMemory(bytes)
                        .withChunkSize(bytes);
        try (Emulator emulator = new Emulator(own);
                Arena arena = Arena.ofConfined()) {
            EmulatedDevice device = emulator.device(0);
            MemorySegment contents = arena.allocate(bytes, BLOCK_BYTES);
            MemorySegment landing = arena.allocate(bytes, BLOCK_BYTES);
            Mm mm = emulator.newProcess();
            try (ClQueue queue = device.context().createQueue(device.clDevice());
                    ClBuffer raw = device.context().createBuffer(bytes);
                    Dmirror mirror = device.open(mm)) {
                return work.apply(
                        new FolioRange(device, mirror, queue, raw, contents, landing, seed));
            } finally {
                mm.exit();
            }
        }
    }

    public long bytes() {
        return contents.byteSize();
    }

    public PhaseClock phaseClock() {
        return device.phaseClock();
    }

    /// Gives the range new contents in system memory, in folios of an order.
    public void populate(int order) {
        for (int each = FolioTable.LARGE_ORDER_MIN; each <= FolioOrders.MAX_ORDER; each++) {
            machine.hugePages().setEnabled(each, each == order ? Enabled.ALWAYS : Enabled.NEVER);
        }
        Errno dropped = mm.madvise(start, bytes(), Advice.DONTNEED);
        assert dropped.isOk() : dropped;
        for (long at = 0; at < bytes(); at += PageSize.PAGE_SIZE) {
            long word = at + ((random.nextLong() & (PageSize.PAGE_SIZE - 1)) & -Long.BYTES);
            contents.set(ValueLayout.JAVA_LONG, word, random.nextLong());
        }
        FaultResult result = cpu.write(start, contents);
        assert !result.isError() : result;
    }

    /// Has every large folio find none of its size on the other side, or not.
    public void setRefusesLargeFolios(boolean refuses) {
        mirror.mirror().setRefusesLargeFolios(refuses);
    }

    /// Migrates a part to the device.
    public void toDevice(long offset, long length) {
        check(mirror.migrateToDevice(start + offset, PageSize.pageNumber(length)));
    }

    /// Migrates a part back.
    public void toSystem(long offset, long length) {
        check(mirror.migrateToSystem(start + offset, PageSize.pageNumber(length)));
    }

    /// Migrates a part to the device, every other page first, so that its pages lie apart there.
    public void toDeviceApart(long offset, long length) {
        long[] numbers = new long[(int) PageSize.pageNumber(length) / 2];
        for (int odd = 0; odd < 2; odd++) {
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = PageSize.pageNumber(start + offset) + 2L * i + odd;
            }
            check(mirror.migrateToDevice(numbers, numbers.length));
        }
    }

    /// Joins the base pages of a part, which is on the device, into large folios there.
    public void collapse(long offset, long length) {
        check(mirror.collapse(start + offset, PageSize.pageNumber(length)));
    }

    private static void check(MigrationResult result) {
        if (!result.errno().isOk()) {
            throw new WorkloadException(
                    WorkloadException.Reason.COPY_FAILED,
                    "a migration ended with " + result.errno().describe());
        }
    }

    /// The CPU loads a byte of what is on the device, which brings it back.
    public void touch(long offset) {
        if (cpu.begin(start + offset, false) < 0) {
            throw new WorkloadException(
                    WorkloadException.Reason.COPY_FAILED, "a fault ended with " + cpu.fault());
        }
        cpu.end();
    }

    /// A plain transfer to the device of as much as a part has.
    public void writeRaw(long offset, long length) {
        queue.writeBlocking(raw, offset, contents.asSlice(offset, length));
    }

    /// A plain transfer from the device of as much as a part has.
    public void readRaw(long offset, long length) {
        queue.readBlocking(raw, offset, landing.asSlice(offset, length));
    }

    /// What the copy engine did so far for copies to system memory, and for those to the device.
    public CopyCounters copies(Direction direction) {
        return switch (direction) {
            case TO_DEVICE -> device.copyEngine().statistics().toDevice();
            case TO_SYSTEM -> device.copyEngine().statistics().toSystem();
        };
    }

    /// Pages on the device.
    public long devicePages() {
        return device.memory().statistics().livePages();
    }

    /// The order of the folio at an offset, which is on the device.
    public int deviceOrder(long offset) {
        DevicePageTable table = mirror.mirror().table();
        table.lock();
        try {
            long entry = table.entryLocked(PageSize.pageNumber(start + offset));
            assert DevicePte.isPresent(entry);
            return machine.folios().order(DevicePte.page(entry));
        } finally {
            table.unlock();
        }
    }

    /// Inverts a byte, as a device that makes mistakes would.
    public void corrupt(long offset) {
        long found = cpu.begin(start + offset, true);
        assert found >= 0 : cpu.fault();
        byte right = cpu.memory().get(ValueLayout.JAVA_BYTE, found);
        cpu.memory().set(ValueLayout.JAVA_BYTE, found, (byte) ~right);
        cpu.end();
    }

    /// Compares every byte; what is on the device comes back for it.
    ///
    /// @throws DataMismatchException if one differs
    public void verify() {
        for (long at = 0; at < bytes(); at += PageSize.PAGE_SIZE) {
            long offset = cpu.begin(start + at, false);
            assert offset >= 0 : cpu.fault();
            long end = PageSize.PAGE_SIZE;
            long difference =
                    MemorySegment.mismatch(
                            contents, at, at + end, cpu.memory(), offset, offset + end);
            long word = Math.max(0, difference) & -Long.BYTES;
            long seen = cpu.memory().get(ValueLayout.JAVA_LONG, offset + word);
            cpu.end();
            if (difference >= 0) {
                throw DataMismatchException.at(
                        "the CPU",
                        start + at + word,
                        contents.get(ValueLayout.JAVA_LONG, at + word),
                        seen);
            }
        }
    }
}
