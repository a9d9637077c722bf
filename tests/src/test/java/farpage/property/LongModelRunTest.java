package farpage.property;

import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.emulator.EmulatorConfig;
import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import farpage.testing.ModelRun;
import farpage.testing.ModelSetting;
import farpage.testing.Seeds;
import farpage.testing.opencl.FakeClBinding;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

/// One run of as many operations as is asked for, in sequences that differ in which operations are
/// frequent and in the emulator that they run on. It is short unless the property
/// `farpage.operations` says how many; `farpage.binding` says through which binding. The rate goes
/// to standard output.
final class LongModelRunTest {
    private static final int OPERATIONS = Integer.getInteger("farpage.operations", 3_000);
    private static final String BINDING = System.getProperty("farpage.binding", "fake");

    /// The only kind of emulator; empty for all.
    private static final String SETTING = System.getProperty("farpage.setting", "");

    /// Of several of these one run consists, however short it is.
    private static final List<Shape> SHAPES =
            List.of(new Shape(12, 3_000), new Shape(80, 3_000), new Shape(1600, 2_000));

    /// How long regions may be, and how many operations a sequence has: mostly small regions, so
    /// that pages meet often, then some with room for folios of the orders between, and some with
    /// room for huge pages.
    private record Shape(int pageCountMax, int operationCount) {
        static Shape of(int number) {
            return SHAPES.get(number % SHAPES.size());
        }

        int count(int left) {
            int atOnce = Math.min(operationCount, OPERATIONS / SHAPES.size());
            return Math.min(left, Math.max(1, atOnce));
        }
    }

    /// Every other sequence runs where all has room, and so may be checked the most closely.
    private static ModelSetting setting(int number) {
        if (!SETTING.isEmpty()) {
            return ModelSetting.valueOf(SETTING);
        }
        int round = number / SHAPES.size();
        ModelSetting[] all = ModelSetting.values();
        return round % 2 == 0 ? ModelSetting.MIXED_ORDERS : all[round / 2 % all.length];
    }

    private static ClBinding open() {
        return BINDING.equals("fake") ? FakeClBinding.open() : ClBindings.open(BINDING);
    }

    private static LongSupplier clock() {
        try (ClBinding binding = open()) {
            return EmulatorConfig.of(binding, binding.devices().getFirst()).nanoClock();
        }
    }

    private final FolioTallies tally = new FolioTallies();

    @Test
    void nothingDiffersFromTheOracle() {
        SplittableRandom seeds = Seeds.random(getClass().getSimpleName());
        int executed = 0;
        LongSupplier clock = clock();
        long start = clock.getAsLong();
        for (int i = 0; executed < OPERATIONS; i++) {
            int count = Shape.of(i).count(OPERATIONS - executed);
            sequence(i, seeds.nextLong(), count);
            executed += count;
        }
        double seconds = (clock.getAsLong() - start) / 1e9;
        double processorSeconds =
                ProcessHandle.current()
                        .info()
                        .totalCpuDuration()
                        .map(cpu -> cpu.toNanos() / 1e9)
                        .orElse(Double.NaN);
        System.out.println(tally);
        System.out.printf(
                Locale.ROOT,
                "%s: %,d operations in step with the oracle, %.1f s, %,.0f a second; %.1f s of"
                        + " processor time; seed %d%n",
                BINDING,
                executed,
                seconds,
                executed / seconds,
                processorSeconds,
                Seeds.suite());
        assertEquals(OPERATIONS, executed);
    }

    private void sequence(int number, long seed, int count) {
        ModelSetting setting = setting(number);
        int pages = Shape.of(number).pageCountMax();
        try (ClBinding binding = open()) {
            new ModelRun(
                            "long-" + setting,
                            () -> tally.counted(setting.open(binding, seed, pages)),
                            setting.rules())
                    .check(
                            seed,
                            count,
                            pages,
                            Seeds.reproduce(getClass())
                                    + " -Dfarpage.binding="
                                    + BINDING
                                    + " -Dfarpage.operations="
                                    + OPERATIONS
                                    + (SETTING.isEmpty() ? "" : " -Dfarpage.setting=" + SETTING));
        }
    }
}
