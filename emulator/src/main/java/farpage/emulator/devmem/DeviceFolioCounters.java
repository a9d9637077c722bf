package farpage.emulator.devmem;

import farpage.mm.memory.FolioOrders;

/// What became of the folios of one order, as the folder of that size tells it for system memory.
///
/// @param order of the folios
/// @param allocated folios handed out
/// @param fallback folios asked for that free memory did not hold in one piece
/// @param freed folios that came back at this order, be it as a part of a larger one
/// @param split folios that became smaller ones
/// @kernel mm/huge_memory.c: struct mthp_stat
public record DeviceFolioCounters(
        int order, long allocated, long fallback, long freed, long split) {
    /// The name of the folder: `hugepages-2048kB`.
    ///
    /// @kernel mm/huge_memory.c: thpsize_create
    public String folder() {
        return "hugepages-" + FolioOrders.sizeName(order);
    }
}
