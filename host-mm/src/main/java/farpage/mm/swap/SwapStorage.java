package farpage.mm.swap;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// Where the bytes of a swap area lie. Any number of threads read and write different slots at
/// once.
///
/// @kernel mm/page_io.c: swap_writepage, swap_read_folio
public interface SwapStorage extends AutoCloseable {
    /// Slots, the header included.
    int slotCount();

    /// Stores a page.
    ///
    /// @param page the bytes of one page
    void write(int slot, MemorySegment page) throws IOException;

    /// Loads what was last stored.
    void read(int slot, MemorySegment page) throws IOException;

    /// Gives the storage back; its contents are lost.
    @Override
    void close();
}
