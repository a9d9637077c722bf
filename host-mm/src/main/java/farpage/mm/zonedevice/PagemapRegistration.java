package farpage.mm.zonedevice;

import farpage.mm.Errno;

/// What became of a request for device pages.
///
/// @kernel mm/memremap.c: the return value of memremap_pages
public sealed interface PagemapRegistration {
    /// The pages exist from now on, all free.
    ///
    /// @kernel mm/memremap.c: memremap_pages
    record Registered(DevicePagemap pagemap) implements PagemapRegistration {}

    /// Nothing changed.
    ///
    /// @param errno EINVAL for a request that does not fit together, or a range outside the numbers
    ///   of its type; ENOMEM for a range that another pagemap covers; ENXIO for one that intersects
    ///   RAM; ERANGE if no stretch is free
    /// @param reason the same for people
    /// @kernel mm/memremap.c: memremap_pages
    record Refused(Errno errno, String reason) implements PagemapRegistration {
        /// An error that says it all.
        public Refused(Errno errno) {
            this(errno, errno.describe());
        }
    }
}
