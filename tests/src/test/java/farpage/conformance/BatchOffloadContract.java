package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.copy.FolioCopierStatistics;
import farpage.emulator.copy.MigrateOffloadPlan;
import farpage.emulator.copy.OffloadProvider;
import farpage.mm.Advice;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.fault.FaultResult;
import farpage.mm.mempolicy.MempolicyFlags;
import farpage.mm.mempolicy.RelocatePages;
import farpage.mm.migrate.FolioDestinations;
import farpage.mm.migrate.FolioMigration;
import farpage.mm.migrate.FolioMigration.Event;
import farpage.mm.migrate.FolioPhase;
import farpage.mm.migrate.MigrateFoliosResult;
import farpage.mm.migrate.MigrateOffload;
import farpage.mm.migrate.MigrateTimes;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Ordinary migrations whose contents a device copies, or several CPUs, a batch at once.
abstract class BatchOffloadContract extends EmulatorScene {
    private static final int PAGES = 600;
    private static final int MANY = 4000;
    private static final long HUGE = 1L << 40;

    private final ClError error = ClError.OUT_OF_RESOURCES;

    /// Whether the device may use RAM where it lies.
    abstract boolean inPlace();

    OffloadProvider provider() {
        return OffloadProvider.DEVICE;
    }

    @Override
    final EmulatorConfig configure(EmulatorConfig config) {
        return super.configure(config)
                .withInPlace(inPlace())
                .withMigrateOffload(MigrateOffloadPlan.of(provider()).withThreads(3));
    }

    private MigrateFoliosResult relocate(long address, int pageCount) {
        return relocate(address, pageCount, FolioDestinations.anywhere(emulator.machine()));
    }

    private MigrateFoliosResult relocate(long address, int pageCount, FolioDestinations to) {
        return new RelocatePages(emulator.machine(), to, MempolicyFlags.MOVE_ALL)
                .range(process, address, page(address, pageCount));
    }

    private long count(Event event) {
        return emulator.machine().folioMigration().get(event);
    }

    private FolioCopierStatistics copier() {
        return emulator.folioCopier().orElseThrow().statistics();
    }

    private static MigrateFoliosResult moved(int folios, int order) {
        return new MigrateFoliosResult(folios << order, 0, folios, 0, 0);
    }

    /// Pages at scattered frames: every other one was given back, twice.
    private long scattered(MemorySegment data, int pageCount) {
        long address = map(2 * pageCount);
        cpuWrites(address, pattern(2L * pageCount, 5));
        long other = map(pageCount);
        for (int i = 0; i < pageCount; i++) {
            assertEquals(Errno.OK, process.munmap(page(address, 2L * i), PAGE));
            cpuWrites(page(other, i), data.asSlice((long) i * PAGE, PAGE));
        }
        return other;
    }

    @Test
    @Tag("T-11.6")
    void batchCopyEqualsPerPageCopy() {
        MemorySegment data = pattern(PAGES, 1);
        long row = map(PAGES);
        cpuWrites(row, data);
        long scattered = scattered(data, PAGES);
        for (int round = 0; round < 2; round++) {
            for (long address : new long[] {row, scattered}) {
                assertEquals(moved(PAGES, 0), relocate(address, PAGES));
                assertCpuReads(address, data);
            }
        }
        assertEquals(4 * PAGES, count(Event.OFFLOADED_PAGES));
        assertEquals(4 * PAGES, copier().pages());
        assertEquals(8, copier().batches(), "of 512 and 88 pages");
        assertEquals(0, count(Event.SINGLE_COPIED_PAGES));
        FolioMigration migration = emulator.machine().folioMigration();
        MigrateOffload offload = migration.offload();
        migration.set(MigrateOffload.OFF);
        for (long address : new long[] {row, scattered}) {
            assertEquals(moved(PAGES, 0), relocate(address, PAGES));
            assertCpuReads(address, data);
        }
        migration.set(offload);
        assertEquals(2 * PAGES, count(Event.SINGLE_COPIED_PAGES));
    }

    @Test
    void largeFoliosAreCopiedWhole() {
        long size = 3 * PageSize.PMD_SIZE;
        int pages = (int) (size / PAGE);
        assertEquals(Errno.OK, process.mmapFixed(HUGE, size, READ_WRITE));
        assertEquals(Errno.OK, process.madvise(HUGE, size, Advice.HUGEPAGE));
        MemorySegment data = pattern(pages, 2);
        cpuWrites(HUGE, data);
        emulator.machine()
                .folioMigration()
                .set(emulator.machine().folioMigration().offload().withBatchPages(4 * 512));
        assertEquals(moved(3, PageSize.HPAGE_PMD_ORDER), relocate(HUGE, pages));
        assertCpuReads(HUGE, data);
        assertEquals(1, copier().batches());
        assertEquals(pages, copier().pages());
    }

    @Test
    @Tag("T-11.2")
    void pagesEndUpWhereTheCallerSaid() {
        int count = 20;
        long address = map(count);
        MemorySegment data = pattern(count, 3);
        cpuWrites(address, data);
        long[] chosen = new long[count];
        for (int i = count - 1; i >= 0; i--) {
            chosen[i] = emulator.machine().allocateFolio(0);
        }
        int[] next = {0};
        assertEquals(
                moved(count, 0), relocate(address, count, (source, order) -> chosen[next[0]++]));
        for (int i = 0; i < count; i++) {
            assertBytes(
                    data.asSlice((long) i * PAGE, PAGE), emulator.machine().ram().bytes(chosen[i]));
            assertEquals(1, emulator.machine().folios().mapCount(chosen[i]));
        }
        assertCpuReads(address, data);
    }

    @Test
    @Tag("T-11.6")
    void timeIsToldByPhase() {
        long address = map(PAGES);
        cpuWrites(address, pattern(PAGES, 4));
        MigrateTimes times = new MigrateTimes(emulator.config().nanoClock());
        MigrateFoliosResult result =
                new RelocatePages(
                                emulator.machine(),
                                FolioDestinations.anywhere(emulator.machine()),
                                MempolicyFlags.MOVE)
                        .timedBy(times)
                        .range(process, address, page(address, PAGES));
        assertEquals(moved(PAGES, 0), result);
        for (FolioPhase phase : FolioPhase.values()) {
            assertTrue(times.nanos(phase) > 0, phase.name());
        }
        assertTrue(times.nanos(FolioPhase.COPY) >= copier().nanos());
        assertEquals(PAGES, times.inaccessibleNanos().length);
    }

    @ParameterizedTest
    @EnumSource(
            value = CallKind.class,
            names = {"WRITE", "READ", "LAUNCH", "FINISH"})
    @Tag("T-11.6")
    void afterAFailedCommandTheCpuCopiesFolioByFolio(CallKind kind) {
        MemorySegment data = pattern(PAGES, 6);
        long address = scattered(data, PAGES);
        long calls = faults.calls(kind);
        faults.fail(kind, calls + 1, error);
        faults.fail(kind, calls + 2, error);
        assertEquals(moved(PAGES, 0), relocate(address, PAGES));
        faults.forgetPlanned();
        assertCpuReads(address, data);
        boolean struck = !faults.injected().isEmpty();
        assertEquals(struck, copier().failures() > 0);
        assertEquals(copier().failures(), count(Event.OFFLOAD_FAILED));
        assertEquals(PAGES, count(Event.OFFLOADED_PAGES) + count(Event.SINGLE_COPIED_PAGES));
        boolean used =
                provider() == OffloadProvider.DEVICE && (kind == CallKind.LAUNCH) == inPlace();
        assertEquals(used, struck, "what this way of copying calls");
        assertEquals(moved(PAGES, 0), relocate(address, PAGES));
        assertCpuReads(address, data);
    }

    @Test
    @Tag("T-11.6")
    void withADeviceThatAlwaysFailsNothingIsLost() {
        MemorySegment data = pattern(PAGES, 7);
        long address = map(PAGES);
        cpuWrites(address, data);
        for (CallKind kind : new CallKind[] {CallKind.WRITE, CallKind.READ, CallKind.LAUNCH}) {
            faults.failNext(kind, MANY, error);
        }
        for (int round = 0; round < 3; round++) {
            assertEquals(moved(PAGES, 0), relocate(address, PAGES));
        }
        faults.forgetPlanned();
        assertCpuReads(address, data);
        if (provider() == OffloadProvider.DEVICE) {
            assertEquals(3 * PAGES, count(Event.SINGLE_COPIED_PAGES));
            assertEquals(6, copier().failures());
        }
    }

    /// One process stores and loads while its pages are moved, and a second migration runs beside
    /// the first.
    @Test
    @Tag("T-11.6")
    void storesWhilePagesAreMovedAreNotLost() {
        int count = 64;
        long address = map(count);
        long beside = map(count);
        cpuWrites(address, buffer(count));
        MemorySegment still = pattern(count, 8);
        cpuWrites(beside, still);
        CompletableFuture<Long> stores = CompletableFuture.supplyAsync(() -> store(address, count));
        CompletableFuture<Long> second =
                CompletableFuture.supplyAsync(() -> {
                    long moves = 0;
                    while (!stores.isDone()) {
                        moves += relocate(beside, count).migratedPages();
                    }
                    return moves;
                });
        long moves = 0;
        while (!stores.isDone() || moves == 0) {
            moves += relocate(address, count).migratedPages();
        }
        long last = stores.join();
        assertTrue(second.join() >= 0);
        MemorySegment expected = buffer(count);
        for (int i = 0; i < count; i++) {
            expected.set(ValueLayout.JAVA_LONG, (long) i * PAGE, last);
        }
        assertCpuReads(address, expected);
        assertCpuReads(beside, still);
    }

    private long store(long address, int count) {
        CpuAccess other = new CpuAccess(process);
        MemorySegment word = MemorySegment.ofArray(new long[1]);
        for (long round = 1; round <= 200; round++) {
            for (int i = 0; i < count; i++) {
                assertEquals(FaultResult.HANDLED, other.read(page(address, i), word));
                assertEquals(round - 1, word.get(ValueLayout.JAVA_LONG, 0));
                word.set(ValueLayout.JAVA_LONG, 0, round);
                assertEquals(FaultResult.HANDLED, other.write(page(address, i), word));
            }
        }
        return 200;
    }

    @Test
    void pagesThatAForkSharesMoveForBoth() {
        long address = map(PAGES);
        MemorySegment data = pattern(PAGES, 9);
        cpuWrites(address, data);
        Mm child = process.fork();
        assertEquals(moved(PAGES, 0), relocate(address, PAGES));
        cpuWrites(address, buffer(PAGES));
        assertCpuReads(new CpuAccess(child), address, data);
        assertCpuReads(address, buffer(PAGES));
    }

    @Test
    void pagesOnADeviceAreNotTouched() {
        long address = map(8);
        MemorySegment data = pattern(8, 10);
        cpuWrites(address, data);
        assertMigrates(device0, address, 4);
        assertEquals(moved(4, 0), relocate(address, 8));
        assertEquals(4, pagesOn(0));
        assertDeviceReads(device0, address, data, 1);
        assertCpuReads(address, data);
    }
}
