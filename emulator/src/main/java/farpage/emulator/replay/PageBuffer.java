package farpage.emulator.replay;

import farpage.mm.PageSize;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The memory that a trace's program hands to its system calls; grows to the largest request.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: struct hmm_buffer
final class PageBuffer implements AutoCloseable {
    private Arena arena = Arena.ofConfined();
    private MemorySegment memory = arena.allocate(PageSize.PAGE_SIZE, PageSize.PAGE_SIZE);

    /// Room for pages, with whatever it held before.
    MemorySegment pages(long pageCount) {
        long size = PageSize.pageAddress(pageCount);
        if (size > memory.byteSize()) {
            arena.close();
            arena = Arena.ofConfined();
            memory = arena.allocate(size, PageSize.PAGE_SIZE);
        }
        return memory.asSlice(0, size);
    }

    @Override
    public void close() {
        arena.close();
    }
}
