package farpage.emulator.calibration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.copy.CopyMethod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Measuring with a clock that the methods themselves move.
final class CopyCalibrationTest {
    private final Script script = new Script();

    /// Methods that take as long as they are told to.
    private static final class Script implements CopyTrials {
        private final Map<CopyMethod, long[]> costs = new EnumMap<>(CopyMethod.class);
        private final Map<CopyMethod, Integer> faultFrom = new EnumMap<>(CopyMethod.class);
        private final List<String> proved = new ArrayList<>();
        private final List<CopyMethod> timed = new ArrayList<>();
        private long now;
        private long provingNanos;

        void method(CopyMethod method, long fixed, long perPage, long perRun) {
            costs.put(method, new long[] {fixed, perPage, perRun});
        }

        @Override
        public Set<CopyMethod> methods() {
            return costs.isEmpty() ? EnumSet.noneOf(CopyMethod.class) : costs.keySet();
        }

        @Override
        public Optional<String> prove(
                CopyMethod method, PlanDirection direction, CopyLayout layout) {
            now += provingNanos;
            proved.add(key(method, direction, layout));
            return layout.pages() >= faultFrom.getOrDefault(method, Integer.MAX_VALUE)
                    ? Optional.of("byte 0 differs")
                    : Optional.empty();
        }

        @Override
        public long time(CopyMethod method, PlanDirection direction, CopyLayout layout) {
            assertTrue(
                    proved.contains(key(method, direction, layout)),
                    () -> key(method, direction, layout) + " was not proved");
            timed.add(method);
            long[] cost = Objects.requireNonNull(costs.get(method));
            long runs = layout.pages() / layout.runPages();
            long nanos = cost[0] + cost[1] * layout.pages() + cost[2] * runs;
            now += nanos;
            return nanos;
        }

        private static String key(CopyMethod method, PlanDirection direction, CopyLayout layout) {
            return method + " " + direction + " " + layout;
        }
    }

    private CalibrationResult run() {
        return new CopyCalibration(
                        script, () -> script.now, CopyCalibration.BUDGET_NANOS, Optional.empty())
                .run();
    }

    @Test
    void fasterMethodIsTakenFromWhereItIsFaster() {
        script.method(CopyMethod.DIRECT, 1_000, 400, 1_000);
        script.method(CopyMethod.STAGED_ITEM, 50_000, 500, 0);

        CalibrationResult result = run();

        assertEquals(CopyMethod.DIRECT, result.plan().toDevice().method(16));
        assertEquals(CopyMethod.STAGED_ITEM, result.plan().toDevice().method(64));
        assertEquals(result.plan().toDevice(), result.plan().toSystem());
    }

    @Test
    void methodThatBringsWrongBytesIsDroppedFromAllWithTheReason() {
        script.method(CopyMethod.DIRECT, 1_000, 400, 1_000);
        script.method(CopyMethod.IN_PLACE_ITEM, 100, 10, 0);
        script.faultFrom.put(CopyMethod.IN_PLACE_ITEM, 1024);

        CalibrationResult result = run();

        assertEquals(Map.of(CopyMethod.IN_PLACE_ITEM, "byte 0 differs"), result.dropped());
        assertEquals(Set.of(CopyMethod.DIRECT), result.plan().methods());
        assertTrue(
                result.rates().stream().allMatch(rate -> rate.method() == CopyMethod.DIRECT),
                "a dropped method has rates");
    }

    @Test
    void deviceOnWhichNothingWorksHasNoPlan() {
        script.method(CopyMethod.DIRECT, 1_000, 400, 1_000);
        script.faultFrom.put(CopyMethod.DIRECT, 1);

        CalibrationException failure = assertThrows(CalibrationException.class, this::run);

        assertTrue(String.valueOf(failure.getMessage()).contains("byte 0 differs"));
    }

    @Test
    void methodFarBehindIsTimedSeldom() {
        script.method(CopyMethod.STAGED_ITEM, 30_000, 100, 0);
        script.method(CopyMethod.STAGED_GROUP, 30_000, 101, 0);
        script.method(CopyMethod.IN_PLACE_ITEM, 300_000, 1_000, 0);

        run();

        long slow = script.timed.stream().filter(CopyMethod.IN_PLACE_ITEM::equals).count();
        long close = script.timed.stream().filter(CopyMethod.STAGED_GROUP::equals).count();
        assertTrue(close > 2 * slow, close + " times against " + slow);
    }

    @Test
    void batchesThatWouldTakeTooLongAreNotTried() {
        script.method(CopyMethod.DIRECT, 0, 20_000, 0);
        script.method(CopyMethod.STAGED_ITEM, 30_000, 100, 0);

        CalibrationResult result = run();

        CopyLayout largest = CopyLayout.SCATTERED.getLast();
        assertTrue(
                result.rate(PlanDirection.TO_DEVICE, largest, CopyMethod.DIRECT).isEmpty(),
                "80 milliseconds were spent on a batch");
        assertTrue(
                result.rate(PlanDirection.TO_DEVICE, largest, CopyMethod.STAGED_ITEM).isPresent());
    }

    @Test
    void slowMethodsDoNotMakeItLong() {
        for (CopyMethod method : CopyMethod.values()) {
            script.method(method, 200_000, 2_000, 0);
        }

        CalibrationResult result = run();

        assertTrue(result.nanos() < 3_000_000_000L, result.nanos() + " ns");
    }

    @Test
    void firstCopiesCountAsPreparation() {
        script.method(CopyMethod.DIRECT, 1_000, 400, 1_000);
        script.provingNanos = 1_000_000_000;

        CalibrationResult result = run();

        assertEquals(script.proved.size() * 1_000_000_000L, result.preparationNanos());
        assertEquals(script.now - result.preparationNanos(), result.nanos());
    }

    /// A kernel that is not in the list could change without a stored result becoming void.
    @Test
    void sourcesOfAllKernelsThatCopyAreInTheHash() throws IOException {
        Path folder =
                Path.of("../opencl-kernels/src/main/resources/farpage/opencl/kernel")
                        .toAbsolutePath();
        try (Stream<Path> files = Files.list(folder)) {
            Set<String> copying = new TreeSet<>();
            files.map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith("_pages.cl") && !file.startsWith("checksum"))
                    .forEach(file -> copying.add(file.replace(".cl", "")));
            assertEquals(copying, new TreeSet<>(CopyCalibration.KERNELS));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        assertEquals(64, CopyCalibration.kernelsHash().length());
    }
}
