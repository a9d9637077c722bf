package farpage.emulator.replay;

import farpage.emulator.trace.Fnv1a64;
import java.lang.foreign.MemorySegment;

/// How results tell the contents of pages: as a hash that takes in one page after another.
///
/// @kernel none; the recording program's hash, or a quicker one for long runs
@FunctionalInterface
public interface ContentHash {
    /// The hash of the recorded results.
    ContentHash RECORDED = Fnv1a64::update;

    /// Continues a hash, which starts as [Fnv1a64#START], with whole pages.
    long update(long hash, MemorySegment pages, long offset, long size);

    /// The hash of whole pages as results tell it.
    default String of(MemorySegment pages) {
        return "h=" + Fnv1a64.format(update(Fnv1a64.START, pages, 0, pages.byteSize()));
    }
}
