package farpage.emulator.copy;

/// What was found out about a device by trying it, as far as ways of copying depend on it.
///
/// @param usesHostMemory whether the device works on memory of the host that a buffer was made over
///   where that memory lies, so that each side sees at once what the other stored
/// @param livesInHostMemory whether its own memory is memory of the host besides, as a processor's
///   is: a GPU that reaches the host's memory over the bus would gain nothing from having it there
/// @param nonTemporalStores whether its compiler knows stores that bypass the caches
/// @opencl CL_MEM_USE_HOST_PTR; __builtin_nontemporal_store of Clang
public record CopyAbilities(
        boolean usesHostMemory, boolean livesInHostMemory, boolean nonTemporalStores) {
    /// A device of which nothing is known but what the specification promises.
    public static final CopyAbilities NONE = new CopyAbilities(false, false, false);
}
