package farpage.emulator.experiment.deviceoffset;

import farpage.emulator.workload.DataMismatchException;
import farpage.mm.memory.NativeRegion;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Page descriptors of 64 bytes in memory of the host, each initialised as a page of device-private
/// memory is: flags, the pagemap in place of the LRU, a word for the driver, no mapping, no
/// reference.
///
/// @kernel mm/mm_init.c: __init_zone_device_page
final class StructPages implements AutoCloseable {
    static final int SIZE = 64;

    /// Pages whose descriptors are made at once, on demand: a memory section.
    static final int SECTION_PAGES = 1 << 15;

    // Where in a descriptor what is kept.
    private static final int FLAGS = 0;
    private static final int PAGEMAP = 8;
    private static final int MAPPING = 24;
    private static final int INDEX = 32;
    private static final int PRIVATE = 40;
    private static final int COUNTS = 48;
    private static final int MEMCG = 56;

    /// Reserved, and the device zone of node 0.
    private static final long FRESH_FLAGS = 0x4000_0000_0000_1000L;

    /// The word that no page is mapped by has -1 there.
    private static final long FRESH_COUNTS = 0xffff_ffffL;

    private final long pagemap;
    private final List<@Nullable NativeRegion> parts = new ArrayList<>();
    private final long partPages;
    private final long pageCount;

    /// Without any descriptor yet.
    ///
    /// @param partPages pages whose descriptors are made together
    /// @param pagemap in each of them
    StructPages(long pageCount, long partPages, long pagemap) {
        this.pageCount = pageCount;
        this.partPages = partPages;
        this.pagemap = pagemap;
        for (long first = 0; first < pageCount; first += partPages) {
            parts.add(null);
        }
    }

    /// Makes the descriptors of those that a page is made with, if they are not there.
    void use(long page) {
        int part = (int) (page / partPages);
        if (parts.get(part) != null) {
            return;
        }
        long pages = Math.min(partPages, pageCount - part * partPages);
        NativeRegion region = new NativeRegion(pages * SIZE);
        parts.set(part, region);
        MemorySegment memory = region.segment();
        for (long at = 0; at < pages * SIZE; at += SIZE) {
            memory.set(ValueLayout.JAVA_LONG, at + FLAGS, FRESH_FLAGS);
            memory.set(ValueLayout.JAVA_LONG, at + PAGEMAP, pagemap);
            memory.set(ValueLayout.JAVA_LONG, at + PAGEMAP + Long.BYTES, 0);
            memory.set(ValueLayout.JAVA_LONG, at + MAPPING, 0);
            memory.set(ValueLayout.JAVA_LONG, at + INDEX, 0);
            memory.set(ValueLayout.JAVA_LONG, at + PRIVATE, 0);
            memory.set(ValueLayout.JAVA_LONG, at + COUNTS, FRESH_COUNTS);
            memory.set(ValueLayout.JAVA_LONG, at + MEMCG, 0);
        }
    }

    /// Spoils a descriptor that was made, to see that this is noticed.
    void corrupt(long page) {
        NativeRegion part = Objects.requireNonNull(parts.get((int) (page / partPages)));
        part.segment().set(ValueLayout.JAVA_LONG, page % partPages * SIZE + PAGEMAP, ~pagemap);
    }

    /// Bytes of all descriptors that were made.
    long bytes() {
        long bytes = 0;
        for (NativeRegion part : parts) {
            bytes += part == null ? 0 : part.segment().byteSize();
        }
        return bytes;
    }

    /// Reads every descriptor that was made.
    ///
    /// @throws DataMismatchException if one is not as it was made
    void verify() {
        for (NativeRegion part : parts) {
            if (part != null) {
                verify(part.segment());
            }
        }
    }

    private void verify(MemorySegment memory) {
        for (long at = 0; at < memory.byteSize(); at += SIZE) {
            long found = memory.get(ValueLayout.JAVA_LONG, at + PAGEMAP);
            if (found != pagemap) {
                throw DataMismatchException.at("a page descriptor", at, pagemap, found);
            }
        }
    }

    @Override
    public void close() {
        for (NativeRegion part : parts) {
            if (part != null) {
                part.close();
            }
        }
    }
}
