package farpage.mm.physical;

import farpage.mm.PageSize;

/// A stretch of physical addresses that is taken.
///
/// @param start first address
/// @param end address after the last
/// @param kind what lies there
/// @param name for people
/// @kernel include/linux/ioport.h: struct resource
public record PhysicalRange(long start, long end, Kind kind, String name) {
    /// What lies in a range.
    ///
    /// @kernel include/linux/ioport.h: IORES_DESC_*
    public enum Kind {
        /// RAM of the machine.
        SYSTEM_RAM,
        /// Windows that the firmware gave to buses.
        PCI_WINDOW,
        /// Memory of devices that CPUs reach, where the firmware put it.
        SOFT_RESERVED,
        /// A hole that device-private pages were put in. Nothing answers at its addresses.
        DEVICE_PRIVATE_MEMORY
    }

    /// Checks the order.
    public PhysicalRange {
        if (start < 0 || end <= start) {
            throw new IllegalArgumentException(
                    "physical range: value=%#x-%#x, limit=start below end".formatted(start, end));
        }
    }

    public long size() {
        return end - start;
    }

    public long firstPfn() {
        return PageSize.pageNumber(start);
    }

    boolean intersects(long from, long to) {
        return start < to && from < end;
    }

    @Override
    public String toString() {
        return "%#x-%#x %s".formatted(start, end - 1, name);
    }
}
