package farpage.emulator.workload;

import farpage.emulator.trace.AccessBatch;
import farpage.emulator.trace.LackeyReader;
import farpage.mm.PageSize;

/// Splits accesses that cross a page boundary into one part a page, and numbers the parts.
///
/// A processor does the same: an access that crosses translates two pages and may fault on either.
/// The parts get consecutive numbers of their own, so that each has contents of its own. An access
/// is at most a page long and so has at most two parts.
///
/// @kernel arch/x86/mm/fault.c: the fault of a crossing access names the page that is missing
public final class PageSplitter {
    /// The most parts of one access.
    public static final int PARTS_MAX = 2;

    private long nextSequence;

    /// Numbers from 0.
    public PageSplitter() {}

    /// Parts numbered so far.
    public long partCount() {
        return nextSequence;
    }

    /// Fills `parts` with the parts of all of `accesses`.
    ///
    /// @param parts with room for [#PARTS_MAX] times as many
    public void split(AccessBatch accesses, AccessBatch parts) {
        int count = accesses.count();
        if (parts.capacity() < count * PARTS_MAX) {
            throw new IllegalArgumentException(
                    "parts capacity: value="
                            + parts.capacity()
                            + ", limit="
                            + (long) count * PARTS_MAX);
        }
        parts.clear();
        long[] address = accesses.address();
        int[] size = accesses.size();
        byte[] kind = accesses.kind();
        for (int index = 0; index < count; index++) {
            assert size[index] <= LackeyReader.ACCESS_SIZE_MAX;
            int offset = (int) (address[index] & (PageSize.PAGE_SIZE - 1));
            int room = PageSize.PAGE_SIZE - offset;
            int first = Math.min(size[index], room);
            parts.add(address[index], first, kind[index], nextSequence++);
            if (size[index] > room) {
                parts.add(address[index] + room, size[index] - room, kind[index], nextSequence++);
            }
        }
    }
}
