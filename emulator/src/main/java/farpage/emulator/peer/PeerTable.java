package farpage.emulator.peer;

import farpage.emulator.copy.CopyDevice;
import farpage.emulator.devmem.DeviceMemory;
import farpage.mm.Page;
import farpage.mm.hmm.P2pdmaRoutes.Route;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// The devices of one machine and the ways between them. The way between two is found out once and
/// remembered.
///
/// @kernel drivers/pci/p2pdma.c: map_types of struct pci_p2pdma
public final class PeerTable {
    private final Optional<PeerTopology> topology;
    private final List<Port> ports = new CopyOnWriteArrayList<>();
    private final int deviceCount;

    /// By owner and client.
    private final AtomicReferenceArray<Route> routes;

    /// A device with what others need to reach it.
    ///
    /// @param number of the device
    /// @param exports null for a device whose memory is not device-private
    record Port(
            int number, CopyDevice device, DeviceMemory memory, @Nullable PeerExports exports) {}

    /// @param deviceCount that there will be
    /// @param topology empty for what the devices' contexts permit: buffer to buffer within one,
    ///   through the host between two
    public PeerTable(int deviceCount, Optional<PeerTopology> topology) {
        this.deviceCount = deviceCount;
        this.routes = new AtomicReferenceArray<>(deviceCount * deviceCount);
        this.topology = topology;
    }

    /// Adds a device, in the order of their numbers.
    void add(Port port) {
        assert port.number() == ports.size();
        ports.add(port);
    }

    Port port(int number) {
        return ports.get(number);
    }

    /// The device that a page by which memory is reached belongs to; null if it is no such page.
    @Nullable Port lookupOwner(long dmaPage) {
        if (!Page.isDevice(dmaPage)) {
            return null;
        }
        for (Port port : ports) {
            PeerExports exports = port.exports();
            if (exports != null
                    && exports.isDmaPage(dmaPage)
                    && port.memory().owns(exports.privatePage(dmaPage))) {
                return port;
            }
        }
        return null;
    }

    /// The way from a client to an owner's memory.
    Route route(Port owner, Port client) {
        if (owner.number() == client.number()) {
            return Route.NONE;
        }
        int pair = owner.number() * deviceCount + client.number();
        Route known = routes.get(pair);
        if (known == null) {
            known = compute(owner, client);
            routes.set(pair, known);
        }
        return known;
    }

    @SuppressWarnings("ReferenceEquality") // a context is known by identity
    private Route compute(Port owner, Port client) {
        boolean oneContext = owner.device().context() == client.device().context();
        if (topology.isEmpty()) {
            return oneContext ? Route.BUS_ADDR : Route.THRU_HOST_BRIDGE;
        }
        Route route = topology.get().between(owner.number(), client.number());
        if (route == Route.NONE || route == Route.BUS_ADDR && !oneContext) {
            throw new IllegalArgumentException(
                    "route: value="
                            + route
                            + " between device "
                            + owner.number()
                            + " and device "
                            + client.number()
                            + ", limit=what their OpenCL contexts permit");
        }
        return route;
    }
}
