package farpage.property;

import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.emulator.EmulatorConfig;
import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import farpage.testing.ModelRun;
import farpage.testing.ModelSetting;
import farpage.testing.Seeds;
import farpage.testing.opencl.FakeClBinding;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

/// One run of as many operations as is asked for, in sequences that differ in which operations are
/// frequent and in the emulator that they run on. It is short unless the property
/// `farpage.operations` says how many; `farpage.binding` says through which binding. The rate goes
/// to standard output.
final class LongModelRunTest {
    private static final int OPERATIONS = Integer.getInteger("farpage.operations", 10_000);
    private static final String BINDING = System.getProperty("farpage.binding", "fake");
    private static final int SEQUENCE = 20_000;

    /// Mostly small, so that pages meet often; now and then several page tables.
    private static final int PAGES = 12;

    private static final int PAGES_OF_LARGE = 600;
    private static final int LARGE_EVERY = 20;

    /// Every other sequence runs where all has room, and so may be checked the most closely.
    private static ModelSetting setting(int number) {
        ModelSetting[] all = ModelSetting.values();
        return number % 2 == 0 ? ModelSetting.ROOMY : all[number / 2 % all.length];
    }

    private static ClBinding open() {
        return BINDING.equals("fake") ? FakeClBinding.open() : ClBindings.open(BINDING);
    }

    private static LongSupplier clock() {
        try (ClBinding binding = open()) {
            return EmulatorConfig.of(binding, binding.devices().getFirst()).nanoClock();
        }
    }

    @Test
    void nothingDiffersFromTheOracle() {
        SplittableRandom seeds = Seeds.random(getClass().getSimpleName());
        int executed = 0;
        LongSupplier clock = clock();
        long start = clock.getAsLong();
        for (int i = 0; executed < OPERATIONS; i++) {
            int count = Math.min(SEQUENCE, OPERATIONS - executed);
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
        int pages = number % LARGE_EVERY == LARGE_EVERY - 1 ? PAGES_OF_LARGE : PAGES;
        try (ClBinding binding = open()) {
            new ModelRun(
                            "long-" + setting,
                            () -> setting.open(binding, seed, pages),
                            setting.rules())
                    .check(
                            seed,
                            count,
                            pages,
                            Seeds.reproduce(getClass())
                                    + " -Dfarpage.binding="
                                    + BINDING
                                    + " -Dfarpage.operations="
                                    + OPERATIONS);
        }
    }
}
