package farpage.emulator.workload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.trace.AccessBatch;
import farpage.emulator.trace.AccessKind;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class AccessPhasesTest {
    private static AccessBatch accesses(int count) {
        AccessBatch batch = new AccessBatch(count);
        for (int index = 0; index < count; index++) {
            batch.add((long) index % 10 << 12, 8, AccessKind.LOAD, index);
        }
        return batch;
    }

    private static List<Long> sequences(AccessBatch batch) {
        List<Long> sequences = new ArrayList<>();
        for (int index = 0; index < batch.count(); index++) {
            sequences.add(batch.sequence()[index]);
        }
        return sequences;
    }

    @ParameterizedTest
    @CsvSource({"100, 0.25, 1", "7, 0.5, 2", "1, 1, 3", "1, 0, 3", "1000, 0.999, 4"})
    void everyAccessIsDealtOnceInOrderToTheSideOfItsPhase(long length, double share, long seed) {
        AccessPhases phases = new AccessPhases(length, share, new PageSet.Every(2), seed);
        AccessBatch all = accesses(5000);
        AccessBatch cpu = new AccessBatch(5000);
        AccessBatch device = new AccessBatch(5000);
        int start = 0;
        while (start < all.count()) {
            int end = phases.deal(all, start, cpu, device);
            assertTrue(end > start);
            start = end;
        }
        List<Long> expectedCpu = new ArrayList<>();
        List<Long> expectedDevice = new ArrayList<>();
        for (long sequence = 0; sequence < 5000; sequence++) {
            boolean isOdd = sequence % 10 % 2 == 1;
            boolean onCpu = isOdd || phases.sideOf(sequence) == AccessPhases.Side.CPU;
            (onCpu ? expectedCpu : expectedDevice).add(sequence);
        }
        assertEquals(expectedCpu, sequences(cpu));
        assertEquals(expectedDevice, sequences(device));
        assertEquals(expectedDevice.size(), phases.deviceAccessCount());
    }

    @Test
    void deviceGetsItsShareOfEveryPeriod() {
        AccessPhases phases = new AccessPhases(100, 0.3, new PageSet.All(), 8);
        for (int start = 0; start < 1000; start += 37) {
            int onDevice = 0;
            for (int sequence = start; sequence < start + 100; sequence++) {
                onDevice += phases.sideOf(sequence) == AccessPhases.Side.DEVICE ? 1 : 0;
            }
            assertEquals(30, onDevice);
        }
    }

    @Test
    void phaseEndsWhereTheSideChanges() {
        AccessPhases phases = new AccessPhases(50, 0.4, new PageSet.All(), 5);
        for (long sequence = 0; sequence < 300; sequence++) {
            long end = phases.phaseEnd(sequence);
            assertEquals(phases.sideOf(sequence), phases.sideOf(end - 1));
            assertTrue(phases.sideOf(sequence) != phases.sideOf(end));
        }
    }

    @Test
    void impossiblePhasesAreRefused() {
        PageSet all = new PageSet.All();
        assertThrows(IllegalArgumentException.class, () -> new AccessPhases(0, 0.5, all, 1));
        assertThrows(IllegalArgumentException.class, () -> new AccessPhases(1, 1.5, all, 1));
        assertThrows(IllegalArgumentException.class, () -> new AccessPhases(1, Double.NaN, all, 1));
    }

    @Test
    void pageSetsAreWhatTheirTextSays() {
        assertTrue(PageSet.parse("all", 1).contains(7));
        assertTrue(!PageSet.parse("none", 1).contains(7));
        assertTrue(PageSet.parse("every:7", 1).contains(14));
        assertTrue(!PageSet.parse("every:7", 1).contains(15));
        PageSet range = PageSet.parse("0x2fff-4001", 1);
        assertEquals(new PageSet.Range(2, 5), range);
        PageSet both = PageSet.parse("every:100,5000-6000", 1);
        assertTrue(both.contains(5));
        assertTrue(both.contains(200));
        assertTrue(!both.contains(6));
    }

    @Test
    void randomPageSetTakesItsShareAndFollowsTheSeed() {
        PageSet set = PageSet.parse("random:0.25", 42);
        PageSet same = PageSet.parse("random:0.25", 42);
        PageSet other = PageSet.parse("random:0.25", 43);
        int inSet = 0;
        int differences = 0;
        for (long page = 0; page < 10_000; page++) {
            inSet += set.contains(page) ? 1 : 0;
            assertEquals(set.contains(page), same.contains(page));
            differences += set.contains(page) != other.contains(page) ? 1 : 0;
        }
        assertTrue(inSet > 2300 && inSet < 2700, inSet + " of 10000");
        assertTrue(differences > 1000);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "some",
                "every:0",
                "every:x",
                "random:1.5",
                "5-5",
                "9-3",
                "-5",
                "a,",
                "x-y"
            })
    void pageSetThatMeansNothingIsRefused(String text) {
        IllegalArgumentException failure =
                assertThrows(IllegalArgumentException.class, () -> PageSet.parse(text, 1));
        assertTrue(failure.toString().contains("every:K"), failure.toString());
    }

    @Test
    void accessAcrossAPageBoundaryBecomesTwoParts() {
        AccessBatch in = new AccessBatch(3);
        in.add(0x1ffc, 8, AccessKind.STORE, 0);
        in.add(0x2ff8, 8, AccessKind.LOAD, 1);
        in.add(0x5001, 4096, AccessKind.MODIFY, 2);
        AccessBatch parts = new AccessBatch(6);
        PageSplitter splitter = new PageSplitter();
        splitter.split(in, parts);
        List<String> described = new ArrayList<>();
        for (int index = 0; index < parts.count(); index++) {
            described.add(parts.describe(index));
        }
        assertEquals(
                List.of(
                        "access 0: S 1ffc,4",
                        "access 1: S 2000,4",
                        "access 2: L 2ff8,8",
                        "access 3: M 5001,4095",
                        "access 4: M 6000,1"),
                described);
        splitter.split(in, parts);
        assertEquals(5, parts.sequence()[0]);
        assertEquals(10, splitter.partCount());
    }
}
