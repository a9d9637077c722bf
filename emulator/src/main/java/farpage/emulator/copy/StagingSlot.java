package farpage.emulator.copy;

import farpage.mm.PageSize;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClEvent;
import farpage.opencl.kernel.layout.PageListLayout;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A row of pages and the list of their numbers, once on the host's side and once on the device's,
/// laid out the same: a page for the list, then the pages. So both cross in one transfer.
///
/// @opencl CL_MEM_ALLOC_HOST_PTR
final class StagingSlot implements AutoCloseable {
    /// Pages of a row: 2 MiB.
    static final int PAGES = 512;

    /// Bytes of one side.
    static final long SIZE = PageSize.pageAddress(PAGES + 1L);

    /// Where the row begins, in pages.
    static final int FIRST_PAGE = 1;

    /// Who has a slot.
    ///
    /// @opencl None: the life of a slot
    enum State {
        /// Nobody.
        FREE,
        /// A thread fills or empties it.
        HELD,
        /// The device, until [#done].
        IN_FLIGHT
    }

    final MemorySegment host;
    final ClBuffer device;

    // Under the lock of the ring.

    State state = State.FREE;

    /// Whose pages it carries, unless it is free.
    @Nullable CopyFlight flight;

    // Of whoever holds it.

    /// When the device is through with it.
    @Nullable ClEvent done;

    /// Where the pages that it brings belong; none if it takes pages away.
    final long[] landings = new long[PAGES];

    int landingCount;

    /// @param host of the ring, mapped for good
    /// @param device is taken over
    StagingSlot(MemorySegment host, ClBuffer device) {
        this.host = host;
        this.device = device;
    }

    /// Stores an entry of the list.
    void setListed(int index, long pageInBuffer) {
        PageListLayout.set(host, index, pageInBuffer);
    }

    /// Where a page of the row begins, on either side.
    static long offset(int index) {
        return PageSize.pageAddress(FIRST_PAGE + (long) index);
    }

    void closeDone() {
        ClEvent event = done;
        done = null;
        if (event != null) {
            event.close();
        }
    }

    @Override
    public void close() {
        closeDone();
        device.close();
    }
}
