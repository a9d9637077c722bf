package farpage.opencl;

import java.lang.foreign.MemorySegment;

/// A part of a buffer that the host can reach as memory, from [ClQueue#map] to [ClQueue#unmap].
///
/// Between the two the device must not write the part (nor touch it at all when it is mapped for
/// writing); the specification calls anything else undefined. A mapping counts as an open object
/// until it is unmapped.
///
/// @opencl clEnqueueMapBuffer
public interface ClMapping {
    /// The buffer.
    ClBuffer buffer();

    /// Where the mapped part starts in the buffer.
    long offset();

    /// The memory, valid after [#ready] completed and until the mapping is unmapped. Slices taken
    /// from it must not be used after that either; nothing stops them.
    ///
    /// @throws IllegalStateException when it was unmapped
    MemorySegment memory();

    /// Completes when the memory may be touched. It is the mapping's own and closed with it.
    ClEvent ready();
}
