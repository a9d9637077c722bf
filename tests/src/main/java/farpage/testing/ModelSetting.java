package farpage.testing;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.devmem.CoherentAccess;
import farpage.emulator.peer.PeerMode;
import farpage.mm.file.FileBackedMode;
import farpage.mm.memory.FolioOrders;
import farpage.mm.physical.NumberSpace;
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
    MIXED_ORDERS_FAILING(false, true, 0, config -> config.withOrders(FolioOrders.ALL)),

    /// Pages of files move to devices.
    FILES_MOVED(FileBackedMode.MIGRATE, PeerMode.OFF, Shortage.NONE, config -> config),

    /// Devices have copies of pages of files.
    FILES_COPIED(FileBackedMode.COPY, PeerMode.OFF, Shortage.NONE, config -> config),

    /// Pages of files move and evict each other.
    FILES_MOVED_TIGHT(FileBackedMode.MIGRATE, PeerMode.OFF, Shortage.MEMORY, config -> config),

    /// Copies of pages of files make room for pages that move, and for each other.
    FILES_COPIED_TIGHT(FileBackedMode.COPY, PeerMode.OFF, Shortage.MEMORY, config -> config),

    /// Pages of files move, while calls fail.
    FILES_MOVED_FAILING(FileBackedMode.MIGRATE, PeerMode.OFF, Shortage.CALLS, config -> config),

    /// Pages of files are copied, while calls fail.
    FILES_COPIED_FAILING(FileBackedMode.COPY, PeerMode.OFF, Shortage.CALLS, config -> config),

    /// Devices use each other's memory by second pages.
    PEERS(
            FileBackedMode.OFF,
            PeerMode.TWO_PAGES,
            Shortage.NONE,
            config -> config.withOrders(FolioOrders.ALL)),

    /// The same while pages evict each other.
    PEERS_TIGHT(FileBackedMode.OFF, PeerMode.TWO_PAGES, Shortage.MEMORY, config -> config),

    /// Devices use each other's memory by its own pages, while calls fail.
    PEERS_FAILING(FileBackedMode.OFF, PeerMode.UNIFIED, Shortage.CALLS, config -> config),

    /// Base pages are joined on the way.
    COLLAPSING(
            FileBackedMode.OFF,
            PeerMode.OFF,
            Shortage.NONE,
            config -> config.withOrders(FolioOrders.ALL).withCollapse(true)),

    /// Everything at once, with pages of files that move.
    ALL_MOVED(FileBackedMode.MIGRATE, PeerMode.UNIFIED, Shortage.NONE, ModelSetting::everyDesign),

    /// Everything at once, with copies of pages of files.
    ALL_COPIED(FileBackedMode.COPY, PeerMode.TWO_PAGES, Shortage.NONE, ModelSetting::everyDesign),

    /// The same where there is room for three huge pages.
    ALL_MOVED_TIGHT(
            FileBackedMode.MIGRATE,
            PeerMode.TWO_PAGES,
            Shortage.HUGE_PAGES,
            ModelSetting::everyDesign),

    /// The same with copies.
    ALL_COPIED_TIGHT(
            FileBackedMode.COPY, PeerMode.UNIFIED, Shortage.HUGE_PAGES, ModelSetting::everyDesign),

    /// The same while calls fail.
    ALL_MOVED_FAILING(
            FileBackedMode.MIGRATE, PeerMode.TWO_PAGES, Shortage.CALLS, ModelSetting::everyDesign);

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

    /// With designs that Linux has not. Folios are of every order where the name says so, or that
    /// everything is on.
    ModelSetting(
            FileBackedMode files,
            PeerMode peers,
            Shortage shortage,
            UnaryOperator<EmulatorConfig> configure) {
        this.rules =
                new PageOracle.Rules(
                        shortage == Shortage.NONE,
                        shortage == Shortage.CALLS,
                        0,
                        true,
                        files,
                        peers,
                        name().startsWith("COLLAPS") || name().startsWith("ALL_"));
        this.configure =
                config ->
                        shortage.apply(
                                configure.apply(config.withFileBacked(files).withPeerMode(peers)));
    }

    /// What there is too little of.
    private enum Shortage {
        NONE,
        /// There are forty pages of device memory.
        MEMORY,
        /// There is room for three huge pages.
        HUGE_PAGES,
        /// Calls fail.
        CALLS;

        EmulatorConfig apply(EmulatorConfig config) {
            return switch (this) {
                case NONE, CALLS -> config;
                case MEMORY -> tight(config);
                case HUGE_PAGES -> config.withChunkSize(2L << 20).withDeviceMemory(6L << 20);
            };
        }
    }

    private static EmulatorConfig everyDesign(EmulatorConfig config) {
        return config.withOrders(FolioOrders.ALL)
                .withCollapse(true)
                .withNumberSpace(NumberSpace.PHYSICAL);
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
