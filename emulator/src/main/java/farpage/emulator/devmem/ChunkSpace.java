package farpage.emulator.devmem;

import farpage.mm.zonedevice.PagemapRequest;
import farpage.opencl.ClBuffer;

/// The memory of one chunk, and what to ask the machine for so that it becomes pages.
///
/// @param buffer the memory as commands and kernels name it
/// @param request for as many pages as the buffer has
/// @param giveBack gives the memory back, once no page of it is in use
/// @kernel lib/test_hmm.c: dmirror_allocate_chunk, the resource of a chunk
public record ChunkSpace(ClBuffer buffer, PagemapRequest request, Runnable giveBack) {}
