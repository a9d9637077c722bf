package farpage.emulator.devmem;

/// Where the memory of a device's chunks comes from.
///
/// @kernel lib/test_hmm.c: dmirror_allocate_chunk, the two cases of the memory type
public interface ChunkSource extends AutoCloseable {
    /// Makes the memory of one chunk.
    ///
    /// @throws farpage.opencl.ClException if the OpenCL device refuses it
    ChunkSpace make(int pageCount);

    /// All chunks are gone.
    @Override
    void close();
}
