package farpage.mm.hmm;

import farpage.mm.Page;

/// How a device reaches pages that may lie in another device's memory.
///
/// @kernel include/linux/pci-p2pdma.h: struct pci_p2pdma_map_state
public interface P2pdmaRoutes {
    /// Where no page is another device's.
    P2pdmaRoutes NONE =
            new P2pdmaRoutes() {
                @Override
                public Route route(long page) {
                    return Route.NONE;
                }

                @Override
                public long busAddress(long page) {
                    throw new IllegalArgumentException(
                            "page: " + Page.describe(page) + ", limit=reached over the bus");
                }
            };

    /// The ways from one device to a page.
    ///
    /// @kernel include/linux/pci-p2pdma.h: enum pci_p2pdma_map_type
    enum Route {
        /// It is no other device's memory.
        NONE,
        /// There is no way.
        NOT_SUPPORTED,
        /// Through the host bridge, translated as other memory is.
        THRU_HOST_BRIDGE,
        /// Directly, by its address on the bus, without translation.
        BUS_ADDR
    }

    /// The way to a page.
    ///
    /// @kernel drivers/pci/p2pdma.c: pci_p2pdma_state
    Route route(long page);

    /// The address on the bus of a page that is reached over it.
    ///
    /// @kernel include/linux/pci-p2pdma.h: pci_p2pdma_bus_addr_map
    long busAddress(long page);
}
