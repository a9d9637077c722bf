package farpage.emulator.copy;

import farpage.opencl.ClBuffer;
import farpage.opencl.kernel.CopyPages;
import farpage.opencl.kernel.layout.PagePairLayout;
import java.lang.foreign.MemorySegment;

/// A list of pages to copy, in memory that the device reads in place, and the kernel object that
/// goes through it.
///
/// @opencl page_pair in layout.clh
final class PairList implements AutoCloseable {
    /// Pairs that it has room for.
    static final int CAPACITY = 1 << 14;

    /// The source of pages that become zeros.
    static final long ZERO = -1;

    private final MemorySegment pairs;
    private final ClBuffer buffer;
    private final CopyPages.Launcher launcher;

    /// Takes buffer and launcher over.
    ///
    /// @param pairs the memory that the buffer is made over
    PairList(MemorySegment pairs, ClBuffer buffer, CopyPages.Launcher launcher) {
        this.pairs = pairs;
        this.buffer = buffer;
        this.launcher = launcher;
    }

    /// Stores the pairs of pages that lie in a row on both sides.
    ///
    /// @param source [#ZERO] for zeros
    void fill(int first, int count, long source, long destination) {
        for (int i = 0; i < count; i++) {
            if (source == ZERO) {
                PagePairLayout.setZero(pairs, first + i, destination + i);
            } else {
                PagePairLayout.set(pairs, first + i, source + i, destination + i);
            }
        }
    }

    ClBuffer buffer() {
        return buffer;
    }

    CopyPages.Launcher launcher() {
        return launcher;
    }

    @Override
    public void close() {
        launcher.close();
        buffer.close();
    }
}
