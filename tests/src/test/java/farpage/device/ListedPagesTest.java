package farpage.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.inspect.EmulatorInvariants;
import farpage.emulator.svm.MigrationResult;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.opencl.ClBinding;
import farpage.testing.opencl.FakeClBinding;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Migrations of pages that are named one by one.
class ListedPagesTest {
    private static final int PAGES = 4096;

    private final ClBinding binding = FakeClBinding.open();
    private final Emulator emulator =
            new Emulator(
                    EmulatorConfig.of(binding, binding.devices().getFirst())
                            .withRamSize(64L << 20)
                            .withChunkSize(4L << 20)
                            .withDeviceMemory(32L << 20));
    private final Mm mm = emulator.newProcess();
    private final Dmirror device = emulator.device(0).open(mm);
    private final CpuAccess cpu = new CpuAccess(mm);
    private final long first =
            PageSize.pageNumber(mm.mmap(PageSize.pageAddress(PAGES), VmFlags.READ | VmFlags.WRITE));

    @BeforeEach
    void fill() {
        MemorySegment bytes = MemorySegment.ofArray(new byte[8]);
        for (int page = 0; page < PAGES; page++) {
            bytes.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, page * 0x9E3779B97F4A7C15L);
            assertTrue(!cpu.write(PageSize.pageAddress(first + page), bytes).isError());
        }
    }

    @AfterEach
    void close() {
        EmulatorInvariants.assertHold(emulator);
        device.close();
        mm.exit();
        emulator.close();
        binding.close();
    }

    private void assertContents() {
        MemorySegment bytes = MemorySegment.ofArray(new byte[8]);
        for (int page = 0; page < PAGES; page++) {
            assertTrue(!cpu.read(PageSize.pageAddress(first + page), bytes).isError());
            assertEquals(page * 0x9E3779B97F4A7C15L, bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 0));
        }
    }

    /// In a random order, every tenth twice.
    private long[] list(SplittableRandom random, int count) {
        long[] list = new long[count];
        for (int i = 0; i < count; i++) {
            list[i] = i % 10 == 9 ? list[i - 1] : first + random.nextInt(PAGES);
        }
        return list;
    }

    private static int different(long... list) {
        return (int) java.util.Arrays.stream(list).distinct().count();
    }

    @Test
    void pagesNamedInAnyOrderMoveOnceThereAndBack() {
        SplittableRandom random = new SplittableRandom(11);
        for (int copyPages : new int[] {1, 16, 100, 1024}) {
            long[] list = list(random, 1500);
            int count = different(list);
            assertEquals(
                    new MigrationResult(Errno.OK, count),
                    device.migrateToDevice(list, list.length, copyPages));
            assertEquals(count, emulator.device(0).memory().statistics().livePages());
            EmulatorInvariants.assertHold(emulator);
            assertEquals(
                    new MigrationResult(Errno.OK, count),
                    device.migrateToSystem(list, list.length, copyPages));
            assertContents();
        }
    }

    @Test
    void pagesOfNoMappingAreLeftOut() {
        long[] list = {first + PAGES + 5, first + 7, 1, first + 3};
        assertEquals(new MigrationResult(Errno.OK, 2), device.migrateToDevice(list, 4));
        assertContents();
    }
}
