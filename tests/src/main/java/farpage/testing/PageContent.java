package farpage.testing;

import farpage.emulator.replay.ContentHash;
import farpage.emulator.trace.Fnv1a64;
import farpage.emulator.trace.PatternGenerator;
import farpage.mm.PageSize;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What a page contains. It does not change; a store makes another.
///
/// @kernel none
final class PageContent {
    static final PageContent ZERO = new PageContent(new byte[PageSize.PAGE_SIZE]);

    private final byte[] bytes;
    private final long quickHash;

    private PageContent(byte[] bytes) {
        this.bytes = bytes;
        this.quickHash = QuickHash.ofPage(MemorySegment.ofArray(bytes), 0);
    }

    /// What the trace generator makes of a seed, page by page.
    static List<PageContent> pattern(long seed, int pageCount) {
        PatternGenerator generator = new PatternGenerator(seed);
        List<PageContent> pages = new ArrayList<>(pageCount);
        for (int i = 0; i < pageCount; i++) {
            byte[] page = new byte[PageSize.PAGE_SIZE];
            generator.fill(MemorySegment.ofArray(page), 0, page.length);
            pages.add(new PageContent(page));
        }
        return pages;
    }

    /// The same but for one byte.
    PageContent with(int offset, int value) {
        byte[] changed = bytes.clone();
        changed[offset] = (byte) value;
        return new PageContent(changed);
    }

    /// The same but for zeros in `[start, end)`.
    PageContent withZeros(int start, int end) {
        if (start >= end) {
            return this;
        }
        byte[] changed = bytes.clone();
        Arrays.fill(changed, start, end, (byte) 0);
        return new PageContent(changed);
    }

    /// The hash of pages one after another, as results tell it.
    static String hash(List<PageContent> pages, ContentHash how) {
        long hash = Fnv1a64.START;
        for (PageContent page : pages) {
            hash =
                    how instanceof QuickHash
                            ? QuickHash.combine(hash, page.quickHash)
                            : how.update(
                                    hash, MemorySegment.ofArray(page.bytes), 0, PageSize.PAGE_SIZE);
        }
        return "h=" + Fnv1a64.format(hash);
    }
}
