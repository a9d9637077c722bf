package farpage.opencl;

/// A run of device memory.
///
/// Where it lies is the driver's affair: a buffer has no address, and one of several devices of a
/// context may hold the newest content until another one uses it.
///
/// @opencl cl_mem
public interface ClBuffer extends AutoCloseable {
    /// Its length in bytes.
    long size();

    /// The CL_MEM_... bits that it was created with, see [ClMemoryFlag#bit].
    long flagBits();

    /// A part of this buffer as a buffer of its own, sharing its bytes and its flags. A sub-buffer
    /// of a sub-buffer does not exist in OpenCL.
    ///
    /// @param origin where it starts, a multiple of the devices' base address alignment
    /// @throws IllegalArgumentException when the part does not lie within this buffer
    /// @throws ClException CL_MISALIGNED_SUB_BUFFER_OFFSET when no device of the context takes the
    ///   origin
    ClBuffer subBuffer(long origin, long size);

    /// Whether [#close] was called.
    boolean isClosed();

    /// Gives the memory back once the commands that use it are through.
    @Override
    void close();
}
