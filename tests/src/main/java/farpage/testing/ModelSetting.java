package farpage.testing;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.devmem.CoherentAccess;
import farpage.mm.memory.FolioOrders;
import farpage.opencl.ClBinding;
import farpage.opencl.ClError;
import farpage.opencl.ClException;
import farpage.opencl.inject.CallKind;
import farpage.opencl.inject.FaultPlan;
import farpage.opencl.inject.InjectingBinding;
import java.util.Set;
import java.util.function.UnaryOperator;

/// What kind of emulator random operations run on.
///
/// @kernel none
@SuppressWarnings("ImmutableEnumChecker") // the functions have no state
public enum ModelSetting {
    /// Device memory for everything.
    ROOMY(true, false, 0, config -> config),

    /// Forty pages of device memory, in chunks of sixteen, so that pages evict each other.
    TIGHT(false, false, 0, ModelSetting::tight),

    /// The same, but what does not fit is refused.
    FULL(false, false, 0, config -> tight(config).withEviction(false)),

    /// Three of a hundred OpenCL calls fail.
    FAILING(false, true, 0, config -> config),

    /// They fail while pages evict each other.
    FAILING_TIGHT(false, true, 0, ModelSetting::tight),

    /// Two devices whose memory the CPU reaches in place. Such a device has one chunk.
    COHERENT(
            true, false, 0b11, config -> config.withChunkSize(8L << 20).withCoherentDeviceCount(2)),

    /// A device whose memory the CPU reaches by commands, beside one whose memory it does not
    /// reach.
    MIXED(
            true,
            false,
            0b10,
            config ->
                    config.withChunkSize(8L << 20)
                            .withDeviceCount(1)
                            .withCoherentDeviceCount(1)
                            .withCoherentAccess(CoherentAccess.COMMANDS)),

    /// Coherent memory that is too small, while calls fail.
    COHERENT_FAILING(
            false,
            true,
            0b11,
            config ->
                    tight(config)
                            .withCoherentDeviceCount(2)
                            .withCoherentAccess(CoherentAccess.COMMANDS)),

    /// Folios of every order on the devices.
    MIXED_ORDERS(true, false, 0, config -> config.withOrders(FolioOrders.ALL)),

    /// Folios of every order where the CPU reaches them in place.
    MIXED_ORDERS_COHERENT(
            true,
            false,
            0b11,
            config ->
                    config.withChunkSize(64L << 20)
                            .withDeviceMemory(64L << 20)
                            .withCoherentDeviceCount(2)
                            .withOrders(FolioOrders.ALL)),

    /// Folios of every order where there is room for three huge ones.
    MIXED_ORDERS_TIGHT(
            false,
            false,
            0,
            config ->
                    config.withChunkSize(2L << 20)
                            .withDeviceMemory(6L << 20)
                            .withOrders(FolioOrders.ALL)),

    /// Folios of every order, while calls fail.
    MIXED_ORDERS_FAILING(false, true, 0, config -> config.withOrders(FolioOrders.ALL));

    /// Large folios of which only a part is mapped keep the rest from use.
    private static final long RAM_MIN = 32L << 20;

    /// What a page of a region needs: there are four regions, as long again by moves, in two
    /// processes.
    private static final int RAM_PAGES_OF_PAGE = 48;

    private static final long CHUNK = 2L << 20;
    private static final long DEVICE_MEMORY = 256L << 20;
    private static final int START_LIMIT = 20;
    private static final int FAULTS_PER_MILLION = 30_000;

    private final PageOracle.Rules rules;
    private final UnaryOperator<EmulatorConfig> configure;

    ModelSetting(
            boolean roomy, boolean failing, int coherent, UnaryOperator<EmulatorConfig> configure) {
        boolean mixedOrders = name().startsWith("MIXED_ORDERS");
        this.rules = new PageOracle.Rules(roomy, failing, coherent, mixedOrders);
        this.configure = configure;
    }

    private static EmulatorConfig tight(EmulatorConfig config) {
        return config.withChunkSize(16 * 4096).withDeviceMemory(40 * 4096);
    }

    /// What the oracle is told.
    public PageOracle.Rules rules() {
        return rules;
    }

    /// A new emulator.
    ///
    /// @param binding stays open when the emulator is closed
    /// @param seed decides which calls fail
    /// @param pageCountMax how long regions are
    public EmulatorSystem open(ClBinding binding, long seed, int pageCountMax) {
        FaultPlan plan = rules.failing() ? failures(seed) : FaultPlan.explicit();
        ClBinding injecting = new InjectingBinding(new BorrowedBinding(binding), plan);
        EmulatorConfig config = sizes(injecting, pageCountMax);
        ClException last = null;
        for (int attempt = 0; attempt < START_LIMIT; attempt++) {
            try {
                return new EmulatorSystem(config);
            } catch (ClException e) {
                last = e; // a call failed while the emulator was made, as planned
            }
        }
        throw new IllegalStateException("no emulator in " + START_LIMIT + " attempts", last);
    }

    private EmulatorConfig sizes(ClBinding binding, int pageCountMax) {
        long ram = Math.max(RAM_MIN, 4096L * RAM_PAGES_OF_PAGE * pageCountMax);
        return configure.apply(
                EmulatorConfig.of(binding, binding.devices().getFirst())
                        .withRamSize(ram)
                        .withChunkSize(CHUNK)
                        .withDeviceMemory(DEVICE_MEMORY));
    }

    private static FaultPlan failures(long seed) {
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
}
