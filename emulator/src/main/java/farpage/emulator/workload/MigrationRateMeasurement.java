package farpage.emulator.workload;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.svm.MigrationResult;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClQueue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/// Measures a [MigrationRate]: the whole migration of a range of base pages, with collecting,
/// unmapping, reverse map and notifiers, against a plain copy of as many bytes by the same OpenCL
/// device, taken in turn with it.
///
/// The range holds random bytes that change before each round; after each round all of it is
/// compared. It runs on a machine and devices of its own.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: benchmark_thp_migration
public final class MigrationRateMeasurement {
    private static final int WARM_UP_ROUNDS = 30;
    private static final int ROUNDS = 7;
    private static final long ALIGNMENT = 2L << 20;

    /// Frames of the machine beside those of the range: the zero page and some to spare.
    private static final long SPARE_RAM = 4L << 20;

    private final EmulatorConfig config;
    private final long bytes;
    private final SplittableRandom random;
    private final LongSupplier nanoClock;

    /// @param config binding and OpenCL device; the sizes in it are not used
    /// @param bytes of the range, a multiple of the page size
    /// @param seed of its contents
    public MigrationRateMeasurement(
            EmulatorConfig config, long bytes, long seed, LongSupplier nanoClock) {
        if (bytes <= 0 || !PageSize.isAligned(bytes)) {
            throw new IllegalArgumentException("bytes: value=" + bytes + ", limit=n*4096");
        }
        this.config =
                config.withDeviceCount(1)
                        .withRamSize(bytes + SPARE_RAM)
                        .withDeviceMemory(bytes)
                        .withChunkSize(bytes);
        this.bytes = bytes;
        this.random = new SplittableRandom(seed);
        this.nanoClock = nanoClock;
    }

    /// Measures with warm-up, in rounds.
    ///
    /// @return the medians
    /// @throws DataMismatchException if a byte was lost
    /// @throws WorkloadException if a page could not be migrated
    public MigrationRate measure() {
        try (Emulator emulator = new Emulator(config);
                Arena arena = Arena.ofConfined()) {
            EmulatedDevice device = emulator.device(0);
            MemorySegment contents = arena.allocate(bytes, ALIGNMENT);
            for (long at = 0; at < bytes; at += Long.BYTES) {
                contents.set(ValueLayout.JAVA_LONG, at, random.nextLong());
            }
            Mm mm = emulator.newProcess();
            try (ClQueue queue = device.context().createQueue(device.clDevice());
                    ClBuffer raw = device.context().createBuffer(bytes);
                    Dmirror mirror = device.open(mm)) {
                return measure(new Rig(mm, mirror, queue, raw, contents));
            } finally {
                mm.exit();
            }
        }
    }

    /// What takes part in a round.
    ///
    /// @param contents what the range must hold, and the host's side of the plain copies
    private record Rig(
            Mm mm, Dmirror mirror, ClQueue queue, ClBuffer raw, MemorySegment contents) {}

    private MigrationRate measure(Rig rig) {
        long address = rig.mm().mmap(bytes, VmFlags.READ | VmFlags.WRITE);
        long[] pages = new long[(int) PageSize.pageNumber(bytes)];
        Arrays.setAll(pages, page -> PageSize.pageNumber(address) + page);
        long[][] nanos = new long[4][ROUNDS];
        for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
            changeContents(rig, address);
            long start = nanoClock.getAsLong();
            rig.queue().writeBlocking(rig.raw(), 0, rig.contents());
            long written = nanoClock.getAsLong();
            check(rig.mirror().migrateToDevice(address, pages.length), pages.length);
            long migrated = nanoClock.getAsLong();
            rig.queue().readBlocking(rig.raw(), 0, rig.contents());
            long read = nanoClock.getAsLong();
            check(rig.mirror().migrateToSystem(pages, pages.length), pages.length);
            long returned = nanoClock.getAsLong();
            verify(rig, address);
            if (round >= 0) {
                nanos[0][round] = migrated - written;
                nanos[1][round] = written - start;
                nanos[2][round] = returned - read;
                nanos[3][round] = read - migrated;
            }
        }
        return new MigrationRate(
                bytes, median(nanos[0]), median(nanos[1]), median(nanos[2]), median(nanos[3]));
    }

    /// Changes a word of each page and stores it all, so that a page that was not copied shows.
    private void changeContents(Rig rig, long address) {
        for (long at = 0; at < bytes; at += PageSize.PAGE_SIZE) {
            long word = at + ((random.nextLong() & (PageSize.PAGE_SIZE - 1)) & -Long.BYTES);
            rig.contents().set(ValueLayout.JAVA_LONG, word, random.nextLong());
        }
        FaultResult result = new CpuAccess(rig.mm()).write(address, rig.contents());
        assert !result.isError() : result;
    }

    private static void check(MigrationResult result, long pageCount) {
        if (result.errno() != Errno.OK || result.movedPages() != pageCount) {
            throw new WorkloadException(
                    WorkloadException.Reason.COPY_FAILED,
                    "only "
                            + result.movedPages()
                            + " of "
                            + pageCount
                            + " pages migrated ("
                            + result.errno().describe()
                            + ")");
        }
    }

    private void verify(Rig rig, long address) {
        CpuAccess cpu = new CpuAccess(rig.mm());
        for (long at = 0; at < bytes; at += PageSize.PAGE_SIZE) {
            long offset = cpu.begin(address + at, false);
            assert offset >= 0 : cpu.fault();
            long difference =
                    MemorySegment.mismatch(
                            rig.contents(),
                            at,
                            at + PageSize.PAGE_SIZE,
                            cpu.memory(),
                            offset,
                            offset + PageSize.PAGE_SIZE);
            cpu.end();
            if (difference >= 0) {
                throw new DataMismatchException(
                        "the CPU", String.format("byte %d of the range", at + difference));
            }
        }
    }

    private static long median(long[] values) {
        long[] sorted = values.clone();
        Arrays.sort(sorted);
        return Math.max(1, sorted[sorted.length / 2]);
    }
}
