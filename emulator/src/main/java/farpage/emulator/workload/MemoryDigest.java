package farpage.emulator.workload;

import farpage.emulator.trace.Fnv1a64;
import farpage.mm.PageSize;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A hash of memory: of the pages that are not all zero, in address order, number and contents.
///
/// Left-out zero pages make it independent of which pages happen to be populated.
///
/// @kernel none; printed as the digest of a run
public final class MemoryDigest {
    private long hash = Fnv1a64.START;
    private long lastPage = -1;

    /// The digest of no page.
    public MemoryDigest() {}

    /// Takes in a page; numbers must ascend.
    ///
    /// @param contents where the page's bytes begin at `offset`
    public void add(long pageNumber, MemorySegment contents, long offset) {
        if (pageNumber <= lastPage) {
            throw new IllegalArgumentException(
                    "page number: value=" + pageNumber + ", limit=above " + lastPage);
        }
        lastPage = pageNumber;
        if (!isZero(contents, offset)) {
            hash = Fnv1a64.updateLong(hash, pageNumber);
            hash = Fnv1a64.update(hash, contents, offset, PageSize.PAGE_SIZE);
        }
    }

    /// The hash so far.
    public long value() {
        return hash;
    }

    private static boolean isZero(MemorySegment contents, long offset) {
        long found = 0;
        for (int position = 0; position < PageSize.PAGE_SIZE; position += Long.BYTES) {
            found |= contents.get(ValueLayout.JAVA_LONG_UNALIGNED, offset + position);
        }
        return found == 0;
    }
}
