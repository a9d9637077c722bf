package farpage.emulator.experiment.deviceoffset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.workload.DataMismatchException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Descriptors are made and measured, at sizes that a test has room for.
final class DescriptorTrialsTest {
    private static final long TIB = 1L << 40;
    private static List<DescriptorTrials.Result> results = List.of();

    /// Goes on by one whenever it is read.
    private static final AtomicLong CLOCK = new AtomicLong();

    private static final AtomicInteger STEPS = new AtomicInteger();

    @BeforeAll
    static void measure() {
        DeviceOffsetPlan plan = new DeviceOffsetPlan(2L << 20, 1, 0);
        results = new DescriptorTrials(plan, CLOCK::incrementAndGet).run(STEPS::getAndIncrement);
    }

    private static DescriptorTrials.Result of(DescriptorKind kind, long bytes) {
        return results.stream()
                .filter(each -> each.kind() == kind && each.deviceBytes() == bytes)
                .findAny()
                .orElseThrow();
    }

    @Test
    @Tag("T-9.6")
    void descriptorsMadeAtOnceTakeSixteenMebibytesForAGibibyte() {
        for (long bytes : DeviceOffsetPlan.DEVICE_SIZES) {
            DescriptorTrials.Result eager = of(DescriptorKind.STRUCT_EAGER, bytes);
            assertEquals(16 << 20, eager.bytesPerGib(), 1 << 18);
            assertTrue(eager.isScaled());
            assertTrue(eager.setUpNanos() > 0);
        }
        assertEquals(4 * 3 * DescriptorTrials.ROUNDS, STEPS.get());
    }

    @Test
    @Tag("T-9.6")
    void tebibyteOfDeviceMemoryIsRegisteredWithLessThan64MebibytesOfHeap() {
        DescriptorTrials.Result own = of(DescriptorKind.FARPAGE, TIB);
        assertFalse(own.isScaled());
        assertTrue(own.registeredBytes() < 64 << 20, own::toString);
    }

    @Test
    @Tag("T-9.6")
    void pageInUseTakesEightBytes() {
        for (long bytes : DeviceOffsetPlan.DEVICE_SIZES) {
            assertEquals(8, of(DescriptorKind.FARPAGE, bytes).bytesPerUsedPage(), 0.5);
            assertEquals(64, of(DescriptorKind.STRUCT_LAZY, bytes).bytesPerUsedPage());
        }
    }

    @Test
    void descriptorThatIsNotAsItWasMadeIsNoticed() {
        try (StructPages pages = new StructPages(100, 10, 5)) {
            pages.use(25);
            assertEquals(10 * StructPages.SIZE, pages.bytes());
            pages.verify();
            pages.corrupt(29);
            assertThrows(DataMismatchException.class, pages::verify);
        }
    }

    @Test
    void windowsAreFoundAndMissedAsTheMapHasThem() {
        List<WindowTrials.Result> windows = new WindowTrials(1).run();
        assertEquals(14 * DeviceOffsetPlan.DEVICE_SIZES.length, windows.size());
        for (WindowTrials.Result each : windows) {
            assertTrue(each.outside());
            long room = (1L << each.bits()) / 8 * 7 - WindowTrials.RAM_BYTES;
            assertEquals(room >= each.deviceBytes(), each.one());
            assertEquals(Math.min(WindowTrials.DEVICES, room / each.deviceBytes()), each.many());
            assertTrue(each.oneShuffled() >= each.manyShuffled());
        }
    }
}
