package farpage.opencl;

import java.lang.foreign.MemorySegment;

/// Memory that the host and the devices of a context use at the same time, at one place: the host
/// through [#memory()], commands and kernels through [#buffer()]. Nothing need be mapped.
///
/// What one side stores the other sees once both have met: a command sees what the host stored
/// before it enqueued, the host what a command stored before the host waited for it. Meanwhile the
/// two may use different bytes, but not the same ones, unless both only load.
///
/// The buffer is made over the allocation, and the specification says that it has that memory as
/// its storage; of a buffer over other host memory it says no such thing.
///
/// @opencl clSVMAlloc with CL_MEM_SVM_FINE_GRAIN_BUFFER, clCreateBuffer over it
public interface ClSharedMemory extends AutoCloseable {
    /// The most bytes of one allocation, so that every binding can name it.
    long SIZE_MAX = 1L << 30;

    /// The memory as commands and kernels name it. It is closed with this object.
    ClBuffer buffer();

    /// The memory as the host names it, until this object is closed. Slices must not be used after
    /// that either; nothing stops them.
    ///
    /// @throws IllegalStateException when it was closed
    MemorySegment memory();

    /// Gives the memory back. No command that uses it may be under way, and its context must be
    /// open.
    @Override
    void close();
}
