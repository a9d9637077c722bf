package farpage.mm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A copy of one device-coherent page that a CPU works on where it can not reach the page itself.
///
/// What is stored in the copy goes to the page when the access ends, and nothing else does: bytes
/// that keep their value are not written, so a store of the device's to the same page is not undone
/// by a CPU that touched other bytes of it.
///
/// @kernel None: what the interconnect does
final class CoherentWindow {
    private final PageBytes bytes;
    private final MemorySegment memory = Arena.ofAuto().allocate(PageSize.PAGE_SIZE);
    private final MemorySegment loaded = Arena.ofAuto().allocate(PageSize.PAGE_SIZE);
    private long page = Page.NONE;
    private boolean stores;

    CoherentWindow(PageBytes bytes) {
        this.bytes = bytes;
    }

    /// The page's bytes, until [#close()].
    MemorySegment memory() {
        return memory;
    }

    /// Takes a copy of the page.
    ///
    /// @param write whether stores to the copy count
    /// @return false if the device failed; the window stays closed then
    boolean open(long newPage, boolean write) {
        assert page == Page.NONE;
        if (!bytes.load(newPage, 0, memory, 0, PageSize.PAGE_SIZE)) {
            return false;
        }
        if (write) {
            loaded.copyFrom(memory);
        }
        page = newPage;
        stores = write;
        return true;
    }

    boolean isOpen() {
        return page != Page.NONE;
    }

    /// Stores what was changed.
    ///
    /// @return false if the device failed; some of it may be stored then
    boolean close() {
        assert isOpen();
        long closed = page;
        page = Page.NONE;
        return !stores || storeChanges(closed);
    }

    private boolean storeChanges(long to) {
        long at = nextChange(0);
        while (at < PageSize.PAGE_SIZE) {
            long end = changeEnd(at);
            if (!bytes.store(to, at, memory, at, end - at)) {
                return false;
            }
            at = nextChange(end);
        }
        return true;
    }

    private long nextChange(long from) {
        long distance =
                MemorySegment.mismatch(
                        memory, from, PageSize.PAGE_SIZE, loaded, from, PageSize.PAGE_SIZE);
        return distance < 0 ? PageSize.PAGE_SIZE : from + distance;
    }

    private long changeEnd(long from) {
        long at = from;
        while (at < PageSize.PAGE_SIZE
                && memory.get(ValueLayout.JAVA_BYTE, at) != loaded.get(ValueLayout.JAVA_BYTE, at)) {
            at++;
        }
        return at;
    }
}
