package farpage.emulator.devmem;

import farpage.mm.zonedevice.PagemapRequest;
import farpage.opencl.ClBuffer;

/// The memory of one chunk, and what to ask the machine for so that it becomes pages.
///
/// @param buffer the memory as kernels name it that know one chunk
/// @param whole the memory as copies name it: the same, or a larger buffer that it is a part of
/// @param offset where the chunk begins in the whole, in bytes
/// @param request for as many pages as the buffer has
/// @param giveBack gives the memory back, once no page of it is in use
/// @kernel lib/test_hmm.c: dmirror_allocate_chunk, the resource of a chunk
public record ChunkSpace(
        ClBuffer buffer, ClBuffer whole, long offset, PagemapRequest request, Runnable giveBack) {
    /// A chunk with a buffer to itself.
    public ChunkSpace(ClBuffer buffer, PagemapRequest request, Runnable giveBack) {
        this(buffer, buffer, 0, request, giveBack);
    }

    /// The same, with something more to give back then.
    ChunkSpace alsoGivingBack(Runnable more) {
        return new ChunkSpace(
                buffer,
                whole,
                offset,
                request,
                () -> {
                    giveBack.run();
                    more.run();
                });
    }
}
