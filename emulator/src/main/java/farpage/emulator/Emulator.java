package farpage.emulator;

import farpage.emulator.copy.CopyDevice;
import farpage.emulator.copy.FolioCopier;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.peer.PeerClient;
import farpage.emulator.peer.PeerMode;
import farpage.emulator.peer.PeerTable;
import farpage.mm.Check;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.memory.HostMemory;
import farpage.mm.migrate.MigrateOffload;
import farpage.mm.physical.PhysicalAddressMap;
import farpage.mm.zonedevice.MemoryType;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A machine with devices: RAM, processes, and device memory in OpenCL buffers.
///
/// Closing it ends the processes that still run, closes the device files that are still open, moves
/// what is left on the devices back, and checks that nothing remains: no device page in use, no
/// system page but the page of zeros, no OpenCL object.
///
/// @kernel lib/test_hmm.c: hmm_dmirror_init, hmm_dmirror_exit
public final class Emulator implements AutoCloseable {
    private final EmulatorConfig config;
    private final Machine machine;
    private final Map<ClDevice, CopyDevice> serving = new LinkedHashMap<>();
    private final List<EmulatedDevice> devices = new ArrayList<>();
    private Optional<FolioCopier> folioCopier = Optional.empty();

    /// The ways between the devices; null where none uses another's memory.
    private final @Nullable PeerTable peers;

    private boolean closed;

    /// What the emulated devices of one OpenCL device share, in a context of its own; where devices
    /// use each other's memory, in one for all devices of their platform.
    private CopyDevice open(ClDevice device) {
        ClContext context = context(device);
        MemorySegment ram = machine.ram().segment();
        try {
            return config.inPlace()
                    ? CopyDevice.open(context, device, ram, windowMax(context, device))
                    : CopyDevice.openApart(context, device, ram);
        } catch (ClException e) {
            if (serving.values().stream().noneMatch(server -> server.context().equals(context))) {
                context.close();
            }
            throw e;
        }
    }

    /// So that no buffer over the machine's memory has parts of two nodes.
    private long windowMax(ClContext context, ClDevice device) {
        long size = CopyDevice.windowSizeMax(context, device);
        for (int node = 1; node < machine.numa().count(); node++) {
            size = Math.min(size, Long.lowestOneBit(start(node)));
        }
        return size;
    }

    private long start(int node) {
        return HostMemory.offset(machine.ram().firstPage(node));
    }

    private ClContext context(ClDevice device) {
        if (peers == null) {
            return config.binding().createContext(device);
        }
        for (CopyDevice server : serving.values()) {
            if (server.context().devices().contains(device)) {
                return server.context();
            }
        }
        ClDevice[] ofPlatform =
                Stream.of(List.of(device), config.devices(), config.coherentDevices())
                        .flatMap(List::stream)
                        .distinct()
                        .filter(other -> other.platform().equals(device.platform()))
                        .toArray(ClDevice[]::new);
        return config.binding().createContext(ofPlatform);
    }

    /// Each context once.
    private Set<ClContext> contexts() {
        Set<ClContext> contexts = new LinkedHashSet<>();
        serving.values().forEach(server -> contexts.add(server.context()));
        return contexts;
    }

    /// Makes the machine and its devices. Device memory is made when it is first needed.
    ///
    /// @throws IllegalArgumentException for sizes that make no machine
    /// @throws farpage.opencl.ClException if OpenCL refuses
    /// @throws NoWindowException if a device's memory finds no place in the physical address map
    public Emulator(EmulatorConfig config) {
        this.config = config;
        this.machine =
                new Machine(
                        config.ramSize(),
                        config.coherentNodes().stream().map(CoherentNode::memory).toList(),
                        physicalMap(config));
        machine.filesOnDevices().setMode(config.fileBacked());
        this.peers =
                config.peerMode() == PeerMode.OFF
                        ? null
                        : new PeerTable(
                                config.devices().size() + config.coherentDevices().size(),
                                config.peerTopology());
        boolean complete = false;
        try {
            for (int node = 1; node < machine.numa().count(); node++) {
                addNode(config.coherentNodes().get(node - 1).device(), node);
            }
            for (ClDevice device : config.devices()) {
                addDevice(device, MemoryType.PRIVATE);
            }
            for (ClDevice device : config.coherentDevices()) {
                addDevice(device, MemoryType.COHERENT);
            }
            offloadMigrations();
            complete = true;
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    private static Optional<PhysicalAddressMap> physicalMap(EmulatorConfig config) {
        return switch (config.numberSpace()) {
            case OFFSET -> Optional.empty();
            case PHYSICAL ->
                    Optional.of(new PhysicalAddressMap(config.physicalLayout(), memory(config)));
        };
    }

    /// Bytes of all nodes: so far the map is taken.
    private static long memory(EmulatorConfig config) {
        long bytes = config.ramSize();
        for (CoherentNode node : config.coherentNodes()) {
            bytes += node.memory().size();
        }
        return bytes;
    }

    /// The memory of a node is the device's, by a buffer over it.
    private void addNode(ClDevice device, int node) {
        CopyDevice server = server(device);
        if (!server.abilities().usesHostMemory()) {
            throw new IllegalArgumentException(
                    "coherentNode: device="
                            + device.info().name()
                            + ", limit=a device that uses memory of the host in place");
        }
        server.addNode(machine, node);
    }

    private CopyDevice server(ClDevice device) {
        CopyDevice server = serving.get(device);
        if (server == null) {
            server = open(device);
            serving.put(device, server);
        }
        return server;
    }

    private void addDevice(ClDevice device, MemoryType type) {
        CopyDevice server = server(device);
        devices.add(
                new EmulatedDevice(
                        new DeviceId(devices.size()), type, machine, server, config, peers));
    }

    /// Who copies in ordinary migrations: the device that serves the first emulated one, others, or
    /// nobody.
    private void offloadMigrations() {
        CopyDevice server = Objects.requireNonNull(serving.get(config.devices().getFirst()));
        folioCopier = config.migrateOffload().open(machine, server, config.nanoClock());
        machine.folioMigration().set(config.migrateOffload().setting(folioCopier));
    }

    /// Who copies in ordinary migrations; empty if the migrating CPU does.
    public Optional<FolioCopier> folioCopier() {
        return folioCopier;
    }

    /// The OpenCL device whose memory a node is, with its buffers over that node.
    ///
    /// @param node from 1 on
    /// @throws IllegalArgumentException if there is no such node
    public CopyDevice nodeDevice(int node) {
        if (node < 1 || node >= machine.numa().count()) {
            throw new IllegalArgumentException(
                    "node: value=" + node + ", limit=1 to " + (machine.numa().count() - 1));
        }
        return server(config.coherentNodes().get(node - 1).device());
    }

    public EmulatorConfig config() {
        return config;
    }

    public Machine machine() {
        return machine;
    }

    /// The devices by their numbers, the device-private ones first.
    public List<EmulatedDevice> devices() {
        return List.copyOf(devices);
    }

    /// The device of a number.
    ///
    /// @throws IllegalArgumentException if there is no such device
    public EmulatedDevice device(int index) {
        if (index < 0 || index >= devices.size()) {
            throw new IllegalArgumentException(
                    "device: value=" + index + ", limit=0 to " + (devices.size() - 1));
        }
        return devices.get(index);
    }

    /// A process with nothing mapped. It may exit itself; else it is ended when the emulator is
    /// closed.
    public Mm newProcess() {
        return machine.newProcess();
    }

    /// OpenCL objects that are open now, one line each.
    public List<String> openObjects() {
        List<String> open = new ArrayList<>();
        for (ClContext context : contexts()) {
            open.addAll(context.openObjects());
        }
        return open;
    }

    /// Gives everything back.
    ///
    /// @throws Check.Broken with a list of what was left, after giving back all that can be
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        List<String> left = new ArrayList<>();
        for (Mm process : machine.processes()) {
            process.exit();
        }
        for (EmulatedDevice device : devices) {
            for (Dmirror mirror : device.openMirrors()) {
                mirror.close();
            }
        }
        for (EmulatedDevice device : devices) {
            device.peers().ifPresent(PeerClient::close);
        }
        for (EmulatedDevice device : devices) {
            closeDevice(device, left);
        }
        machine.folioMigration().set(MigrateOffload.OFF);
        folioCopier.ifPresent(FolioCopier::close);
        for (CopyDevice server : serving.values()) {
            server.close();
        }
        for (ClContext context : contexts()) {
            left.addAll(context.openObjects());
            context.close();
        }
        machine.swap().close();
        int systemPages = machine.usedPageCount();
        if (systemPages != 0) {
            left.add(systemPages + " system pages in use");
        }
        if (machine.pagemaps().isEmpty()) {
            machine.close();
        }
        if (!left.isEmpty()) {
            throw Check.broken("an emulator was closed with " + String.join("; ", left));
        }
    }

    private static void closeDevice(EmulatedDevice device, List<String> left) {
        long live = device.memory().statistics().livePages();
        if (live != 0) {
            left.add(live + " pages of " + device + " in use");
        }
        Errno errno = device.release();
        if (!errno.isOk()) {
            left.add("memory of " + device + " that it could not give up, " + errno.describe());
        }
        device.copyEngine().close();
        if (errno.isOk()) {
            device.memory().close();
        }
    }
}
