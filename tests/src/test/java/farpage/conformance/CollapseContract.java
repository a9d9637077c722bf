package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.copy.CopyCounters;
import farpage.emulator.copy.CopyEngine;
import farpage.emulator.copy.CopyMethod;
import farpage.emulator.devmem.DeviceFolioCounters;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.svm.MigrationResult;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.memory.FolioOrders;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/// Base pages of 2 MiB that become one folio of the device: on the way there, and in place.
abstract class CollapseContract extends EmulatorScene {
    private static final int BLOCK = PageSize.ENTRIES_PER_TABLE;
    private static final int ORDER = FolioOrders.MAX_ORDER;

    @Override
    EmulatorConfig configure(EmulatorConfig config) {
        return config.withRamSize(64L << 20)
                .withDeviceMemory(16L << 20)
                .withChunkSize(4L << 20)
                .withCollapse(true);
    }

    /// Whole pieces of 2 MiB, in base pages.
    private long mapBlocks(int count) {
        return PageSize.alignDownPmd(map((count + 1) * BLOCK) + PageSize.PMD_SIZE - 1);
    }

    private DeviceFolioCounters large() {
        return emulator.device(0).memory().statistics().folios().get(ORDER);
    }

    private long largeFolios() {
        return large().allocated();
    }

    /// Every other page first, so that the pages of each 2 MiB lie anywhere on the device.
    private void scatterToDevice(long address, int pageCount) {
        for (int first = 0; first < 2; first++) {
            long[] numbers = new long[pageCount / 2];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = PageSize.pageNumber(address) + 2L * i + first;
            }
            assertEquals(
                    numbers.length, device0.migrateToDevice(numbers, numbers.length).movedPages());
        }
    }

    @Test
    void basePagesGoToTheDeviceAsOneFolio() {
        long address = mapBlocks(3);
        MemorySegment data = pattern(3 * BLOCK, 1);
        cpuWrites(address, data);
        assertMigrates(device0, address, 3 * BLOCK);
        assertEquals(3, largeFolios());
        assertEquals(3 * BLOCK, pagesOn(0));
        assertDeviceReads(device0, address, data, 0);
        assertCpuReads(address, data);
        assertEquals(0, pagesOn(0));
    }

    @Test
    void onlyWholePiecesAreJoined() {
        long address = mapBlocks(2);
        MemorySegment data = pattern(2 * BLOCK, 2);
        cpuWrites(address, data);
        assertMigrates(device0, page(address, 10), 2 * BLOCK - 20);
        assertEquals(0, largeFolios());
        assertCpuReads(address, data);
        assertMigrates(device0, page(address, 100), 2 * BLOCK - 100);
        assertEquals(1, largeFolios());
        assertCpuReads(address, data);
    }

    @Test
    void aListOfPagesIsJoinedToo() {
        long address = mapBlocks(2);
        MemorySegment data = pattern(2 * BLOCK, 3);
        cpuWrites(address, data);
        long[] numbers = new long[2 * BLOCK];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = PageSize.pageNumber(address) + i;
        }
        assertEquals(2 * BLOCK, device0.migrateToDevice(numbers, numbers.length).movedPages());
        assertEquals(2, largeFolios());
        assertCpuReads(address, data);
    }

    @Test
    void whatIsSharedOrHasNoRoomGoesPageByPage() {
        long address = mapBlocks(1);
        MemorySegment data = pattern(BLOCK, 4);
        cpuWrites(address, data);
        Mm child = process.fork();
        assertMigrates(device0, address, BLOCK);
        assertEquals(1, large().split());
        assertCpuReads(new CpuAccess(child), address, data);
        assertCpuReads(address, data);
        child.exit();
    }

    @Test
    void pagesOnTheDeviceAreJoinedInPlace() {
        long address = mapBlocks(3);
        MemorySegment data = pattern(3 * BLOCK, 5);
        cpuWrites(address, data);
        scatterToDevice(address, 3 * BLOCK);
        assertEquals(0, largeFolios());
        assertEquals(3 * BLOCK, device0.collapse(address, 3 * BLOCK).movedPages());
        assertEquals(3, largeFolios());
        assertEquals(3 * BLOCK, pagesOn(0));
        CopyEngine engine = emulator.device(0).copyEngine();
        CopyCounters copied = engine.statistics().withinDevice();
        assertEquals(3 * BLOCK, copied.pages());
        if (engine.plan().withinDevice().method(BLOCK) != CopyMethod.DIRECT) {
            assertTrue(copied.commands() < BLOCK / 8, "few launches: " + copied);
        }
        assertEquals(0, device0.collapse(address, 3 * BLOCK).movedPages(), "nothing is left to do");
        MemorySegment written = pattern(16, 6);
        assertEquals(
                Errno.OK,
                device0.execute(new DmirrorCommand.Write(page(address, 700), 16, written)).errno());
        MemorySegment.copy(written, 0, data, 700L * PAGE, 16L * PAGE);
        assertDeviceReads(device0, address, data, 0);
        assertCpuReads(address, data);
    }

    @Test
    void whatHasAPageInRamStaysAsItIs() {
        long address = mapBlocks(2);
        MemorySegment data = pattern(2 * BLOCK, 7);
        cpuWrites(address, data);
        scatterToDevice(address, 2 * BLOCK);
        assertCpuReads(page(address, 5), data.asSlice(5L * PAGE, PAGE));
        assertEquals(BLOCK, device0.collapse(address, 2 * BLOCK).movedPages());
        assertEquals(1, largeFolios());
        assertCpuReads(address, data);
    }

    @Test
    void collapseOfWhatIsNotMappedIsRefused() {
        long address = mapBlocks(1);
        assertEquals(Errno.OK, process.munmap(address, (long) BLOCK * PAGE));
        assertEquals(Errno.EINVAL, device0.collapse(address, BLOCK).errno());
    }

    @Test
    void aFailedCopyLosesNothing() {
        long address = mapBlocks(1);
        MemorySegment data = pattern(BLOCK, 8);
        cpuWrites(address, data);
        scatterToDevice(address, BLOCK);
        for (CallKind kind : List.of(CallKind.LAUNCH, CallKind.COPY)) {
            faults.failNext(kind, 1000, ClError.OUT_OF_RESOURCES);
        }
        assertEquals(Errno.EIO, device0.collapse(address, BLOCK).errno());
        faults.forgetPlanned();
        assertEquals(1, large().freed());
        assertEquals(BLOCK, pagesOn(0));
        assertCpuReads(address, data);
    }

    @Test
    void aFailedLaunchIsMadeUpForByCommands() {
        long address = mapBlocks(1);
        MemorySegment data = pattern(BLOCK, 11);
        cpuWrites(address, data);
        scatterToDevice(address, BLOCK);
        faults.failNext(CallKind.LAUNCH, 1, ClError.OUT_OF_RESOURCES);
        assertEquals(BLOCK, device0.collapse(address, BLOCK).movedPages());
        faults.forgetPlanned();
        assertEquals(1, largeFolios());
        assertDeviceReads(device0, address, data, 0);
        assertCpuReads(address, data);
    }

    @Test
    void cpuAndDeviceUseThePagesWhileTheyAreJoined()
            throws InterruptedException, ExecutionException {
        long address = mapBlocks(2);
        int pages = 2 * BLOCK;
        CpuAccess other = new CpuAccess(process);
        cpuWrites(address, pattern(pages, 9));
        try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
            Future<Integer> stores =
                    thread.submit(() -> {
                        SplittableRandom random = new SplittableRandom(10);
                        MemorySegment word = MemorySegment.ofArray(new byte[] {42});
                        int stored = 0;
                        for (int i = 0; i < 600; i++) {
                            long at = page(address, random.nextInt(pages)) + 7;
                            stored += other.write(at, word).isError() ? 0 : 1;
                        }
                        return stored;
                    });
            for (int round = 0; round < 20; round++) {
                assertEquals(Errno.OK, device0.migrateToDevice(address, pages).errno());
                assertEquals(Errno.OK, device0.collapse(address, pages).errno());
            }
            assertEquals(600, stores.get());
        }
        SplittableRandom random = new SplittableRandom(10);
        for (int i = 0; i < 600; i++) {
            long at = page(address, random.nextInt(pages)) + 7;
            MemorySegment word = MemorySegment.ofArray(new byte[1]);
            assertTrue(!cpu.read(at, word).isError());
            assertEquals(42, word.get(ValueLayout.JAVA_BYTE, 0));
        }
    }

    @Test
    void readOnlyMemoryIsJoinedAndStaysReadOnly() {
        long address = mapBlocks(1);
        MemorySegment data = pattern(BLOCK, 11);
        cpuWrites(address, data);
        assertEquals(Errno.OK, process.mprotect(address, (long) BLOCK * PAGE, VmFlags.READ));
        assertMigrates(device0, address, BLOCK);
        assertEquals(1, largeFolios());
        assertEquals(
                Errno.EFAULT,
                device0.execute(new DmirrorCommand.Write(address, 1, pattern(1, 12))).errno());
        assertCpuReads(address, data);
    }

    @Test
    void deviceWithoutFoliosOfThatSizeJoinsNothing() {
        EmulatorConfig small =
                configure(EmulatorConfig.of(binding, binding.devices().getFirst()))
                        .withOrders(FolioOrders.BASE);
        try (Emulator other = new Emulator(small)) {
            Mm mm = other.newProcess();
            Dmirror device = other.device(0).open(mm);
            long address =
                    PageSize.alignDownPmd(mm.mmap(2 * PageSize.PMD_SIZE, READ_WRITE) - 1)
                            + PageSize.PMD_SIZE;
            CpuAccess own = new CpuAccess(mm);
            assertTrue(!own.write(address, pattern(BLOCK, 13)).isError());
            assertEquals(BLOCK, device.migrateToDevice(address, BLOCK).movedPages());
            assertEquals(new MigrationResult(Errno.OK, 0), device.collapse(address, BLOCK));
            assertCpuReads(own, address, pattern(BLOCK, 13));
            mm.exit();
            device.close();
        }
    }

    @Test
    void memoryWhosePagesDoNotMigrateIsRefused() {
        int _ = emulator.machine().hugetlb().setPageCount(1);
        long address = process.mmap(PageSize.PMD_SIZE, READ_WRITE | VmFlags.HUGETLB);
        cpuWrites(address, pattern(1, 14));
        assertEquals(new MigrationResult(Errno.EINVAL, 0), device0.collapse(address, BLOCK));
        assertCpuReads(address, pattern(1, 14));
        assertEquals(Errno.OK, process.munmap(address, PageSize.PMD_SIZE));
        int _ = emulator.machine().hugetlb().setPageCount(0);
    }
}
