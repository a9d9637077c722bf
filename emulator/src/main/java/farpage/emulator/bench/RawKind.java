package farpage.emulator.bench;

import farpage.opencl.ClMemoryFlag;

/// How the two ends of a plain transfer are made. Which is best is a matter of the driver.
///
/// Where the device shares the host's memory, the choice is the buffer's, and the host's end is
/// ordinary memory in huge pages. Where it does not, the buffer is a plain one, since the others
/// may lie on the host and nothing would cross the bus; the choice is the host's end then.
///
/// @opencl cl_mem_flags
enum RawKind {
    /// No flag: ordinary memory.
    PLAIN,
    /// CL_MEM_ALLOC_HOST_PTR: where the driver finds it best for the host, for example pinned.
    ALLOC_HOST_PTR,
    /// CL_MEM_USE_HOST_PTR over memory that is aligned to 2 MiB and in huge pages.
    USE_HOST_PTR;

    /// The flags of a buffer that is not made over given memory.
    ClMemoryFlag[] flags() {
        return this == ALLOC_HOST_PTR
                ? new ClMemoryFlag[] {ClMemoryFlag.READ_WRITE, ClMemoryFlag.ALLOC_HOST_PTR}
                : new ClMemoryFlag[] {ClMemoryFlag.READ_WRITE};
    }
}
