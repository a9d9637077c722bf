package farpage.mm.file;

/// What one slot of a pipe has: bytes of one page, by a reference to it.
///
/// @param page of the system
/// @param offset of the first byte in the page
/// @param length bytes
/// @kernel include/linux/pipe_fs_i.h: struct pipe_buffer
record PipeBuffer(long page, int offset, int length) {
    /// What is left when some bytes were taken.
    PipeBuffer without(int taken) {
        return new PipeBuffer(page, offset + taken, length - taken);
    }
}
