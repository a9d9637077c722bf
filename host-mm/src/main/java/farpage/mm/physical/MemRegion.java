package farpage.mm.physical;

import farpage.mm.Errno;

/// What became of the search for a free stretch of physical addresses.
///
/// @kernel kernel/resource.c: the return value of request_free_mem_region
public sealed interface MemRegion {
    /// The stretch is the caller's from now on.
    ///
    /// @kernel kernel/resource.c: request_free_mem_region
    record Found(PhysicalRange range) implements MemRegion {}

    /// Nothing changed.
    ///
    /// @param errno ERANGE if no hole is large enough
    /// @param reason what there is, for people
    /// @kernel kernel/resource.c: request_free_mem_region
    record Refused(Errno errno, String reason) implements MemRegion {}
}
