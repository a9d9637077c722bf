package farpage.opencl;

/// A property of a buffer, given when it is created.
///
/// At most one of READ_WRITE, WRITE_ONLY, READ_ONLY (what kernels do) and at most one of
/// HOST_WRITE_ONLY, HOST_READ_ONLY, HOST_NO_ACCESS (what the host's commands do) may be given;
/// USE_HOST_PTR excludes both ALLOC_HOST_PTR and COPY_HOST_PTR. The driver checks these.
///
/// @opencl cl_mem_flags
public enum ClMemoryFlag {
    /// Kernels read and write it. The default.
    READ_WRITE(0),
    /// Kernels only write it.
    WRITE_ONLY(1),
    /// Kernels only read it.
    READ_ONLY(2),
    /// The given host memory is the buffer's storage. It must outlive the buffer, and while a
    /// command or a kernel uses the buffer its content is undefined to the host.
    USE_HOST_PTR(3),
    /// Storage that the host can reach, for example pinned memory.
    ALLOC_HOST_PTR(4),
    /// Filled from the given host memory at creation.
    COPY_HOST_PTR(5),
    /// The host only writes it.
    HOST_WRITE_ONLY(7),
    /// The host only reads it.
    HOST_READ_ONLY(8),
    /// The host neither reads nor writes it.
    HOST_NO_ACCESS(9);

    private final long bit;

    ClMemoryFlag(int position) {
        this.bit = 1L << position;
    }

    /// The value of CL_MEM_... in the C headers.
    public long bit() {
        return bit;
    }

    /// Several flags as one bit field.
    public static long bits(ClMemoryFlag... flags) {
        long bits = 0;
        for (ClMemoryFlag flag : flags) {
            bits |= flag.bit;
        }
        return bits;
    }
}
