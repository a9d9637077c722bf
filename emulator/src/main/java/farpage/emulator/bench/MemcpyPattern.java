package farpage.emulator.bench;

import farpage.mm.PageSize;
import farpage.mm.memory.HostMemory;
import farpage.mm.memory.NativeCopy;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// What copies can reach at best on a device that shares the host's memory: the C library's
/// `memcpy`, on one thread, page by page over the same places in the same order. It works in memory
/// of the same size and kind as system and device have, not in theirs, so that it can not repair
/// what a wrong copy left there. One such memory stands for both: each page is read from where it
/// lies on the one side, and stored where it belongs on the other.
///
/// @kernel memcpy(3)
final class MemcpyPattern implements AutoCloseable {
    private final HostMemory memory;

    /// Takes memory and touches all of it.
    MemcpyPattern(long bytes) {
        this.memory = new HostMemory(bytes);
        touch(memory.segment());
    }

    /// Has the host give memory its frames, none of them the page of zeros that stands for what
    /// nobody stored to.
    static void touch(MemorySegment memory) {
        for (long at = 0; at < memory.byteSize(); at += PageSize.PAGE_SIZE) {
            memory.set(ValueLayout.JAVA_BYTE, at, (byte) 0x5A);
        }
    }

    long bytes() {
        return memory.segment().byteSize();
    }

    /// Copies; to be timed.
    ///
    /// @param from where each page begins on its side, in bytes
    /// @param to likewise, as [#apart] has it
    /// @param size bytes of a page
    void copy(long[] from, long[] to, long size) {
        MemorySegment both = memory.segment();
        for (int i = 0; i < from.length; i++) {
            NativeCopy.copy(both, from[i], both, to[i], size);
        }
    }

    /// Where pages are stored: half of the memory away from where they belong, so that pages that
    /// have the same place on either side are not copied onto themselves, nor to where the next one
    /// is read.
    long[] apart(long[] from, long[] to, long size) {
        long places = bytes() / size;
        long[] apart = new long[to.length];
        for (int i = 0; i < to.length; i++) {
            long place = (to[i] / size + places / 2) % places;
            boolean isSame = place == from[i] / size;
            apart[i] = (isSame ? (place + 1) % places : place) * size;
        }
        return apart;
    }

    /// Where pages begin, from their numbers.
    static long[] offsets(long... pageNumbers) {
        long[] offsets = pageNumbers.clone();
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] = PageSize.pageAddress(offsets[i]);
        }
        return offsets;
    }

    @Override
    public void close() {
        memory.close();
    }
}
