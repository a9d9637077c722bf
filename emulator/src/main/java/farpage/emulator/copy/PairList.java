package farpage.emulator.copy;

import farpage.mm.PageSize;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClEvent;
import farpage.opencl.ClQueue;
import farpage.opencl.kernel.CopyPages;
import farpage.opencl.kernel.layout.PagePairLayout;
import java.lang.foreign.MemorySegment;

/// A list of pages to copy, and the kernel object that goes through it. The host fills it in memory
/// of its own; a device that does not read that in place is sent what was filled.
///
/// @opencl page_pair in layout.clh
final class PairList implements AutoCloseable {
    /// Pairs that it has room for.
    static final int CAPACITY = 1 << 14;

    /// The source of pages that become zeros.
    static final long ZERO = -1;

    private final MemorySegment pairs;
    private final boolean inPlace;
    private final ClBuffer buffer;
    private final CopyPages.Launcher launcher;

    /// Takes buffer and launcher over.
    ///
    /// @param pairs what the host fills
    /// @param inPlace whether the buffer is made over it
    PairList(MemorySegment pairs, boolean inPlace, ClBuffer buffer, CopyPages.Launcher launcher) {
        this.pairs = pairs;
        this.inPlace = inPlace;
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

    /// Enqueues the copy of pairs that were filled, from one buffer to another or the same one.
    ClEvent launch(ClQueue queue, ClBuffer source, ClBuffer target, int first, int count) {
        int shift = PageSize.PAGE_SHIFT;
        if (inPlace) {
            return launcher.launch(queue, source, target, first, count, shift);
        }
        long at = PagePairLayout.size(first);
        MemorySegment filled = pairs.asSlice(at, PagePairLayout.size(count));
        try (ClEvent sent = queue.write(buffer, at, filled)) {
            return launcher.launch(queue, source, target, first, count, shift, sent);
        }
    }

    /// Commands that [#launch] enqueues.
    int commands() {
        return inPlace ? 1 : 2;
    }

    ClBuffer buffer() {
        return buffer;
    }

    @Override
    public void close() {
        launcher.close();
        buffer.close();
    }
}
