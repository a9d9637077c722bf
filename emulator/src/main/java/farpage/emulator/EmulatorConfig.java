package farpage.emulator;

import farpage.emulator.copy.CopyPlan;
import farpage.emulator.copy.MigrateOffloadPlan;
import farpage.emulator.devmem.CoherentAccess;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.peer.PeerMode;
import farpage.emulator.peer.PeerTopology;
import farpage.mm.file.FileBackedMode;
import farpage.mm.memory.FolioOrders;
import farpage.mm.numa.MemoryNode;
import farpage.mm.physical.NumberSpace;
import farpage.mm.physical.PhysicalLayout;
import farpage.opencl.ClBinding;
import farpage.opencl.ClDevice;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/// What an emulator is made of.
///
/// ```
/// EmulatorConfig.of(binding, device).withDeviceCount(1).withDeviceMemory(64L << 20)
/// ```
///
/// @param binding makes the contexts; it stays the caller's and is closed after the emulator
/// @param devices which OpenCL device serves each device-private emulated device; one may serve
///   several
/// @param coherentDevices which OpenCL device serves each device-coherent one; their numbers follow
///   those of the others
/// @param coherentAccess how CPUs reach the memory of the coherent devices; empty for the best that
///   each can do
/// @param coherentNodes memory of OpenCL devices that is not a device's but a node's, from node 1
///   on
/// @param ramSize bytes of system memory
/// @param deviceMemory the most bytes of memory of each emulated device
/// @param chunkSize bytes of device memory that are made at once; a coherent device has one chunk
/// @param orders of the folios that may be put on a device
/// @param evicts whether pages make room for others when a device's memory is full; without, what
///   finds no room stays in system memory
/// @param inPlace whether devices that can use RAM, and their own memory, where it lies in the
///   host; without, they are treated like devices with memory of their own
/// @param peerMode whether devices use each other's device-private memory where it lies
/// @param peerTopology how they are connected then; empty for what OpenCL permits
/// @param peerMappings how many pages of others each device can have mapped at once
/// @param collapses whether base pages of 2 MiB that migrate to a device become one large folio
/// @param copyPlan which way pages take between RAM and the devices; empty for what suits each
/// @param migrateOffload how ordinary migrations, within RAM, copy
/// @param numberSpace where the numbers of device-private pages come from
/// @param physicalLayout of the machine's physical address map, where they come from that
/// @param fileBacked whether the devices may have pages of files, and how
/// @param nanoClock a clock that only ever goes forward, for time-outs and rates
/// @kernel lib/test_hmm.c: module parameters
public record EmulatorConfig(
        ClBinding binding,
        List<ClDevice> devices,
        List<ClDevice> coherentDevices,
        Optional<CoherentAccess> coherentAccess,
        List<CoherentNode> coherentNodes,
        long ramSize,
        long deviceMemory,
        long chunkSize,
        FolioOrders orders,
        boolean evicts,
        boolean inPlace,
        PeerMode peerMode,
        Optional<PeerTopology> peerTopology,
        int peerMappings,
        boolean collapses,
        Optional<CopyPlan> copyPlan,
        MigrateOffloadPlan migrateOffload,
        NumberSpace numberSpace,
        PhysicalLayout physicalLayout,
        FileBackedMode fileBacked,
        LongSupplier nanoClock) {
    /// Emulated devices where nothing else is asked for, as the kernel's driver has.
    public static final int DEVICE_COUNT_DEFAULT = 2;

    /// Bytes of system memory where nothing else is asked for.
    public static final long RAM_SIZE_DEFAULT = 1L << 30;

    /// Bytes of memory of each device where nothing else is asked for.
    public static final long DEVICE_MEMORY_DEFAULT = 4L << 30;

    /// Keeps the devices as unmodifiable lists.
    public EmulatorConfig {
        if (devices.isEmpty()) {
            throw new IllegalArgumentException("devices: count=0, limit=1");
        }
        devices = List.copyOf(devices);
        coherentDevices = List.copyOf(coherentDevices);
        coherentNodes = List.copyOf(coherentNodes);
    }

    /// Two emulated devices served by one OpenCL device, none of them coherent, everything else by
    /// default.
    public static EmulatorConfig of(ClBinding binding, ClDevice device) {
        return new EmulatorConfig(
                binding,
                Collections.nCopies(DEVICE_COUNT_DEFAULT, device),
                List.of(),
                Optional.empty(),
                List.of(),
                RAM_SIZE_DEFAULT,
                DEVICE_MEMORY_DEFAULT,
                DeviceMemory.CHUNK_SIZE_DEFAULT,
                FolioOrders.PMD,
                true,
                true,
                PeerMode.OFF,
                Optional.empty(),
                Integer.MAX_VALUE,
                false,
                Optional.empty(),
                MigrateOffloadPlan.OFF,
                NumberSpace.OFFSET,
                PhysicalLayout.DEFAULT,
                FileBackedMode.OFF,
                System::nanoTime);
    }

    /// That many device-private devices, all served by the first OpenCL device.
    public EmulatorConfig withDeviceCount(int count) {
        return withDevices(Collections.nCopies(count, devices.getFirst()));
    }

    /// That many device-coherent devices besides, all served by the first OpenCL device.
    public EmulatorConfig withCoherentDeviceCount(int count) {
        return withCoherentDevices(Collections.nCopies(count, devices.getFirst()));
    }

    public EmulatorConfig withDevices(List<ClDevice> newDevices) {
        return with(draft -> draft.devices = newDevices);
    }

    public EmulatorConfig withCoherentDevices(List<ClDevice> newDevices) {
        return with(draft -> draft.coherentDevices = newDevices);
    }

    /// Takes this way for the coherent devices, whatever they could do.
    public EmulatorConfig withCoherentAccess(CoherentAccess access) {
        return with(draft -> draft.coherentAccess = Optional.of(access));
    }

    /// One more node without CPUs, served by the first OpenCL device.
    public EmulatorConfig withCoherentNode(MemoryNode memory) {
        List<CoherentNode> more = new ArrayList<>(coherentNodes);
        more.add(new CoherentNode(devices.getFirst(), memory));
        return withCoherentNodes(more);
    }

    public EmulatorConfig withCoherentNodes(List<CoherentNode> nodes) {
        return with(draft -> draft.coherentNodes = nodes);
    }

    public EmulatorConfig withRamSize(long bytes) {
        return with(draft -> draft.ramSize = bytes);
    }

    public EmulatorConfig withDeviceMemory(long bytes) {
        return with(draft -> draft.deviceMemory = bytes);
    }

    public EmulatorConfig withChunkSize(long bytes) {
        return with(draft -> draft.chunkSize = bytes);
    }

    public EmulatorConfig withOrders(FolioOrders folioOrders) {
        return with(draft -> draft.orders = folioOrders);
    }

    public EmulatorConfig withEviction(boolean on) {
        return with(draft -> draft.evicts = on);
    }

    /// Whether devices that can work in place do.
    public EmulatorConfig withInPlace(boolean on) {
        return with(draft -> draft.inPlace = on);
    }

    /// Whether devices use each other's device-private memory where it lies, and by which pages.
    public EmulatorConfig withPeerMode(PeerMode mode) {
        return with(draft -> draft.peerMode = mode);
    }

    /// Connects the devices like that, whatever OpenCL permits; from buffer to buffer only within
    /// one context, which the devices of one platform share.
    public EmulatorConfig withPeerTopology(PeerTopology topology) {
        return with(draft -> draft.peerTopology = Optional.of(topology));
    }

    /// Lets each device have so many pages of others mapped at once.
    public EmulatorConfig withPeerMappings(int limit) {
        return with(draft -> draft.peerMappings = limit);
    }

    /// Whether base pages of 2 MiB that migrate to a device become one large folio, which Linux
    /// does not do.
    public EmulatorConfig withCollapse(boolean on) {
        return with(draft -> draft.collapses = on);
    }

    /// Takes this way for the pages of all devices, each of which must be able to.
    public EmulatorConfig withCopyPlan(CopyPlan plan) {
        return with(draft -> draft.copyPlan = Optional.of(plan));
    }

    /// Who copies in ordinary migrations, within RAM; nobody but the migrating CPU at first.
    public EmulatorConfig withMigrateOffload(MigrateOffloadPlan plan) {
        return with(draft -> draft.migrateOffload = plan);
    }

    /// Has device-private pages in the physical address map, or outside it.
    public EmulatorConfig withNumberSpace(NumberSpace space) {
        return with(draft -> draft.numberSpace = space);
    }

    /// How large that map is; it matters in [NumberSpace#PHYSICAL] only.
    public EmulatorConfig withPhysicalLayout(PhysicalLayout layout) {
        return with(draft -> draft.physicalLayout = layout);
    }

    /// Whether the devices may have pages of files, and how; not at all where nothing is said.
    public EmulatorConfig withFileBacked(FileBackedMode mode) {
        return with(draft -> draft.fileBacked = mode);
    }

    public EmulatorConfig withNanoClock(LongSupplier clock) {
        return with(draft -> draft.nanoClock = clock);
    }

    private EmulatorConfig with(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return draft.config(binding);
    }

    /// A copy in which one thing is changed.
    private static final class Draft {
        private List<ClDevice> devices;
        private List<ClDevice> coherentDevices;
        private Optional<CoherentAccess> coherentAccess;
        private List<CoherentNode> coherentNodes;
        private long ramSize;
        private long deviceMemory;
        private long chunkSize;
        private FolioOrders orders;
        private boolean evicts;
        private boolean inPlace;
        private PeerMode peerMode;
        private Optional<PeerTopology> peerTopology;
        private int peerMappings;
        private boolean collapses;
        private Optional<CopyPlan> copyPlan;
        private MigrateOffloadPlan migrateOffload;
        private NumberSpace numberSpace;
        private PhysicalLayout physicalLayout;
        private FileBackedMode fileBacked;
        private LongSupplier nanoClock;

        Draft(EmulatorConfig from) {
            devices = from.devices;
            coherentDevices = from.coherentDevices;
            coherentAccess = from.coherentAccess;
            coherentNodes = from.coherentNodes;
            ramSize = from.ramSize;
            deviceMemory = from.deviceMemory;
            chunkSize = from.chunkSize;
            orders = from.orders;
            evicts = from.evicts;
            inPlace = from.inPlace;
            peerMode = from.peerMode;
            peerTopology = from.peerTopology;
            peerMappings = from.peerMappings;
            collapses = from.collapses;
            copyPlan = from.copyPlan;
            migrateOffload = from.migrateOffload;
            numberSpace = from.numberSpace;
            physicalLayout = from.physicalLayout;
            fileBacked = from.fileBacked;
            nanoClock = from.nanoClock;
        }

        EmulatorConfig config(ClBinding binding) {
            return new EmulatorConfig(
                    binding,
                    devices,
                    coherentDevices,
                    coherentAccess,
                    coherentNodes,
                    ramSize,
                    deviceMemory,
                    chunkSize,
                    orders,
                    evicts,
                    inPlace,
                    peerMode,
                    peerTopology,
                    peerMappings,
                    collapses,
                    copyPlan,
                    migrateOffload,
                    numberSpace,
                    physicalLayout,
                    fileBacked,
                    nanoClock);
        }
    }
}
