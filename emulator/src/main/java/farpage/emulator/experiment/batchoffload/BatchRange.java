package farpage.emulator.experiment.batchoffload;

import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.copy.FolioCopier;
import farpage.emulator.copy.MigrateOffloadPlan;
import farpage.emulator.copy.OffloadProvider;
import farpage.emulator.copy.ThreadFolioCopier;
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
import farpage.mm.memory.NativeCopy;
import farpage.mm.mempolicy.MempolicyFlags;
import farpage.mm.mempolicy.RelocatePages;
import farpage.mm.migrate.FolioDestinations;
import farpage.mm.migrate.FolioMigration.Event;
import farpage.mm.migrate.MigrateFoliosResult;
import farpage.mm.migrate.MigrateOffload;
import farpage.mm.migrate.MigrateTimes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/// The memory that the experiment moves within RAM: a range of one process, with a copy of what it
/// must contain.
///
/// @kernel mm/migrate.c: migrate_pages
final class BatchRange implements AutoCloseable {
    /// RAM beside the sources and the destinations.
    private static final long SPARE_RAM = 4 * PageSize.PMD_SIZE;

    private final Emulator emulator;
    private final Machine machine;
    private final ThreadFolioCopier threads;
    private final FolioCopier device;
    private final Mm mm;
    private final CpuAccess cpu;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment contents;
    private final MemorySegment landing;
    private final SplittableRandom random;
    private final long start;

    BatchRange(EmulatorConfig config, BatchPlan plan, long seed, LongSupplier nanoClock) {
        emulator =
                new Emulator(
                        config.withDeviceCount(1)
                                .withOrders(FolioOrders.ALL)
                                .withRamSize(2 * plan.bytes() + SPARE_RAM)
                                .withDeviceMemory(PageSize.PMD_SIZE)
                                .withChunkSize(PageSize.PMD_SIZE)
                                .withMigrateOffload(MigrateOffloadPlan.of(OffloadProvider.DEVICE)));
        machine = emulator.machine();
        device = emulator.folioCopier().orElseThrow();
        threads = new ThreadFolioCopier(machine.ram().segment(), BatchPlan.THREADS, nanoClock);
        mm = emulator.newProcess();
        cpu = new CpuAccess(mm);
        contents = arena.allocate(plan.bytes(), PageSize.PMD_SIZE);
        landing = arena.allocate(plan.bytes(), PageSize.PMD_SIZE);
        landing.fill((byte) 1); // the host's own faults are no part of a plain copy
        random = new SplittableRandom(seed);
        long mapped = mm.mmap(plan.bytes() + PageSize.PMD_SIZE, VmFlags.READ | VmFlags.WRITE);
        start = (mapped + PageSize.PMD_SIZE - 1) & -PageSize.PMD_SIZE;
        for (long at = 0; at < plan.bytes(); at += Long.BYTES) {
            contents.set(ValueLayout.JAVA_LONG, at, random.nextLong());
        }
    }

    /// The range anew, in folios of an order.
    void populate(int order) {
        for (int each = FolioTable.LARGE_ORDER_MIN; each <= FolioOrders.MAX_ORDER; each++) {
            machine.hugePages().setEnabled(each, each == order ? Enabled.ALWAYS : Enabled.NEVER);
        }
        Errno dropped = mm.madvise(start, contents.byteSize(), Advice.DONTNEED);
        assert dropped.isOk() : dropped;
        store();
    }

    /// New contents where the old ones are: another word in each page.
    void store() {
        for (long at = 0; at < contents.byteSize(); at += PageSize.PAGE_SIZE) {
            long word = at + (random.nextInt(PageSize.PAGE_SIZE) & -Long.BYTES);
            contents.set(ValueLayout.JAVA_LONG, word, random.nextLong());
        }
        FaultResult result = cpu.write(start, contents);
        assert !result.isError() : result;
    }

    /// Chooses how the next migrations copy.
    void use(CopyWay way, int batchPages) {
        MigrateOffload offload =
                switch (way) {
                    case TODAY -> MigrateOffload.OFF;
                    case CPU -> MigrateOffload.batch();
                    case THREADS -> MigrateOffload.batch(threads);
                    case DEVICE -> MigrateOffload.batch(device);
                };
        machine.folioMigration().set(offload.withBatchPages(batchPages));
    }

    /// Moves all of it to other frames.
    void move(int order) {
        check(order, relocate().range(mm, start, start + contents.byteSize()));
    }

    /// The same, by parts.
    void move(int order, MigrateTimes times) {
        check(order, relocate().timedBy(times).range(mm, start, start + contents.byteSize()));
    }

    private RelocatePages relocate() {
        return new RelocatePages(machine, FolioDestinations.anywhere(machine), MempolicyFlags.MOVE);
    }

    private void check(int order, MigrateFoliosResult result) {
        long pages = PageSize.pageNumber(contents.byteSize());
        if (result.migratedPages() != pages || result.migratedFolios() != pages >> order) {
            throw new WorkloadException(
                    WorkloadException.Reason.COPY_FAILED, "folios did not move whole: " + result);
        }
        long failed = machine.folioMigration().get(Event.OFFLOAD_FAILED);
        if (failed > 0) {
            throw new WorkloadException(
                    WorkloadException.Reason.COPY_FAILED, "the device failed to copy a batch");
        }
    }

    /// The C library copies as many bytes, a folio at a time.
    void copyPlainly(long folioBytes) {
        for (long at = 0; at < contents.byteSize(); at += folioBytes) {
            NativeCopy.copy(contents, at, landing, at, folioBytes);
        }
    }

    /// Compares every byte.
    ///
    /// @throws DataMismatchException if one differs
    void verify() {
        for (long at = 0; at < contents.byteSize(); at += PageSize.PAGE_SIZE) {
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
                long expected = contents.get(ValueLayout.JAVA_LONG, at + word);
                throw DataMismatchException.at("the CPU", start + at + word, expected, seen);
            }
        }
    }

    @Override
    public void close() {
        mm.exit();
        machine.folioMigration().set(MigrateOffload.OFF);
        threads.close();
        emulator.close();
        arena.close();
    }
}
