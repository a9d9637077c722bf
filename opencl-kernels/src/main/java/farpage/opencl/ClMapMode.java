package farpage.opencl;

/// What the host does with a mapped part of a buffer.
///
/// @opencl cl_map_flags
public enum ClMapMode {
    /// Read only: the mapped bytes are the buffer's.
    READ(1),
    /// Write, and read what was there.
    WRITE(2),
    /// Both.
    READ_WRITE(3),
    /// Overwrite everything: what the memory holds before is undefined, which may save a transfer.
    WRITE_INVALIDATE(4);

    private final long bits;

    ClMapMode(long bits) {
        this.bits = bits;
    }

    /// The CL_MAP_... bits of the C headers.
    public long bits() {
        return bits;
    }
}
