package farpage.emulator.peer;

import farpage.mm.hmm.P2pdmaRoutes.Route;

/// How devices are connected. It is asked once for each pair.
///
/// @kernel drivers/pci/p2pdma.c: calc_map_type_and_dist
@FunctionalInterface
public interface PeerTopology {
    /// The way from a client to the memory of an owner, which is another device.
    ///
    /// @param owner its number
    /// @param client its number
    Route between(int owner, int client);
}
