package farpage.property;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.devmem.CoherentAccess;
import farpage.opencl.ClBinding;
import farpage.opencl.ClError;
import farpage.opencl.ClException;
import farpage.opencl.inject.CallKind;
import farpage.opencl.inject.FaultPlan;
import farpage.opencl.inject.InjectingBinding;
import farpage.testing.EmulatorSystem;
import farpage.testing.ModelRun;
import farpage.testing.PageOracle;
import farpage.testing.Seeds;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/// What holds of every sequence of operations on two devices: data, errors and permissions are what
/// the oracle says, the invariants hold in between, and nothing is left in the end. Some sequences
/// are the same in each run, the others are drawn from the seed of the suite.
abstract class EmulatorProperties {
    private static final long RAM = 64L << 20;
    private static final int START_LIMIT = 20;
    private static final int FAULTS_PER_MILLION = 30_000;

    /// Sequences that a method tries, and operations in each.
    record Effort(int fixed, int fresh, int operations) {}

    abstract ClBinding open();

    abstract Effort effort();

    private static EmulatorConfig roomy(EmulatorConfig config) {
        return config.withRamSize(RAM).withChunkSize(1L << 20).withDeviceMemory(32L << 20);
    }

    /// A coherent device has no more than one chunk.
    private static EmulatorConfig roomyCoherent(EmulatorConfig config) {
        return roomy(config).withChunkSize(8L << 20);
    }

    /// Forty pages, in chunks of sixteen.
    private static EmulatorConfig tight(EmulatorConfig config) {
        return config.withRamSize(RAM).withChunkSize(16 * 4096).withDeviceMemory(40 * 4096);
    }

    private void check(
            String method,
            UnaryOperator<EmulatorConfig> configure,
            PageOracle.Rules rules,
            int pageCountMax) {
        String name = getClass().getSimpleName() + "-" + method;
        SplittableRandom fresh = Seeds.random(name);
        Effort effort = effort();
        for (int i = 0; i < effort.fixed() + effort.fresh(); i++) {
            long seed = i < effort.fixed() ? i : fresh.nextLong();
            Supplier<FaultPlan> plans = rules.failing() ? () -> failing(seed) : FaultPlan::explicit;
            try (ClBinding binding = open()) {
                new ModelRun(name, () -> system(binding, plans.get(), configure), rules)
                        .check(
                                seed,
                                effort.operations(),
                                pageCountMax,
                                Seeds.reproduce(getClass()));
            }
        }
    }

    private static EmulatorSystem system(
            ClBinding binding, FaultPlan plan, UnaryOperator<EmulatorConfig> configure) {
        ClBinding injecting = new InjectingBinding(new Borrowed(binding), plan);
        EmulatorConfig config = EmulatorConfig.of(injecting, injecting.devices().getFirst());
        ClException last = null;
        for (int attempt = 0; attempt < START_LIMIT; attempt++) {
            try {
                return new EmulatorSystem(configure.apply(config));
            } catch (ClException e) {
                last = e; // a call failed while the emulator was made, as planned
            }
        }
        throw new IllegalStateException("no emulator in " + START_LIMIT + " attempts", last);
    }

    private static FaultPlan failing(long seed) {
        return FaultPlan.seeded(
                seed,
                FAULTS_PER_MILLION,
                Set.of(
                        CallKind.WRITE,
                        CallKind.READ,
                        CallKind.COPY,
                        CallKind.LAUNCH,
                        CallKind.FILL,
                        CallKind.MAP,
                        CallKind.MARKER,
                        CallKind.FINISH,
                        CallKind.CREATE_BUFFER),
                ClError.OUT_OF_RESOURCES);
    }

    @Test
    void everyByteIsWhereTheLastStorePutIt() {
        check("roomy", EmulatorProperties::roomy, new PageOracle.Rules(true, false), 700);
    }

    @Test
    void deviceMemoryThatIsTooSmallLosesNothing() {
        check("tight", EmulatorProperties::tight, new PageOracle.Rules(false, false), 200);
    }

    @Test
    void deviceMemoryThatIsFullWithoutEvictionLosesNothing() {
        check(
                "full",
                config -> tight(config).withEviction(false),
                new PageOracle.Rules(false, false),
                200);
    }

    @Test
    void memoryThatTheCpuReachesInPlaceLosesNothing() {
        check(
                "coherent",
                config -> roomyCoherent(config).withCoherentDeviceCount(2),
                new PageOracle.Rules(true, false, 0b11),
                200);
    }

    @Test
    void memoryThatTheCpuReachesByCommandsLosesNothingBesideADeviceThatItDoesNotReach() {
        check(
                "mixed",
                config ->
                        roomyCoherent(config)
                                .withDeviceCount(1)
                                .withCoherentDeviceCount(1)
                                .withCoherentAccess(CoherentAccess.COMMANDS),
                new PageOracle.Rules(true, false, 0b10),
                200);
    }

    @Test
    void coherentMemoryThatFailsAndIsTooSmallLosesNothing() {
        check(
                "coherent-failing",
                config ->
                        tight(config)
                                .withCoherentDeviceCount(2)
                                .withCoherentAccess(CoherentAccess.COMMANDS),
                new PageOracle.Rules(false, true, 0b11),
                100);
    }

    @Test
    void failingOpenClCallsLoseNothing() {
        check("failing", EmulatorProperties::roomy, new PageOracle.Rules(false, true), 100);
    }

    @Test
    void failingOpenClCallsLoseNothingWhileDeviceMemoryIsTooSmall() {
        check("failing-tight", EmulatorProperties::tight, new PageOracle.Rules(false, true), 100);
    }
}
