package farpage.emulator.workload;

import farpage.mm.PageSize;
import java.util.Locale;

/// The pages that the device may touch, as a rule over page numbers.
///
/// Text forms: `all`, `none`, `every:K` (page numbers that K divides), `random:P` (a share P of all
/// pages, chosen by the seed), `START-END` (addresses in hexadecimal, the end not included), and
/// several of them with commas, of which one must hold.
///
/// @kernel none; it stands for what a program hands to its kernels
public sealed interface PageSet {
    /// What the text form may be, for errors and help.
    String FORMS =
            "all, none, every:K, random:SHARE (0 to 1), an address range such as"
                    + " 1ffe000000-1fff001000, or several with commas";

    /// Whether the device may touch the page.
    boolean contains(long pageNumber);

    /// All pages.
    record All() implements PageSet {
        @Override
        public boolean contains(long pageNumber) {
            return true;
        }
    }

    /// No page.
    record None() implements PageSet {
        @Override
        public boolean contains(long pageNumber) {
            return false;
        }
    }

    /// Every page whose number the stride divides.
    ///
    /// @param stride from 1
    record Every(int stride) implements PageSet {
        @Override
        public boolean contains(long pageNumber) {
            return pageNumber % stride == 0;
        }
    }

    /// A share of all pages, by chance.
    ///
    /// @param share from 0 to 1
    /// @param seed decides which
    record Random(double share, long seed) implements PageSet {
        @Override
        public boolean contains(long pageNumber) {
            long mixed = new java.util.SplittableRandom(seed ^ pageNumber).nextLong();
            return (mixed >>> 11) * 0x1.0p-53 < share;
        }
    }

    /// Pages of an address range.
    ///
    /// @param startPage first page number
    /// @param endPage the page number after the last
    record Range(long startPage, long endPage) implements PageSet {
        @Override
        public boolean contains(long pageNumber) {
            return pageNumber >= startPage && pageNumber < endPage;
        }
    }

    /// Pages of either of two sets.
    record Union(PageSet first, PageSet second) implements PageSet {
        @Override
        public boolean contains(long pageNumber) {
            return first.contains(pageNumber) || second.contains(pageNumber);
        }
    }

    /// The set that a text describes.
    ///
    /// @throws IllegalArgumentException when the text has none of the [#FORMS]
    static PageSet parse(String text, long seed) {
        int comma = text.indexOf(',');
        if (comma >= 0) {
            return new Union(
                    parse(text.substring(0, comma), seed), parse(text.substring(comma + 1), seed));
        }
        String lower = text.strip().toLowerCase(Locale.ROOT);
        try {
            if (lower.equals("all")) {
                return new All();
            }
            if (lower.equals("none")) {
                return new None();
            }
            if (lower.startsWith("every:")) {
                int stride = Integer.parseInt(lower.substring("every:".length()));
                return check(stride >= 1, text, new Every(stride));
            }
            if (lower.startsWith("random:")) {
                double share = Double.parseDouble(lower.substring("random:".length()));
                return check(share >= 0 && share <= 1, text, new Random(share, seed));
            }
            return parseRange(lower, text);
        } catch (NumberFormatException _) {
            throw wrong(text);
        }
    }

    private static PageSet parseRange(String lower, String text) {
        int dash = lower.indexOf('-');
        if (dash <= 0) {
            throw wrong(text);
        }
        long start = Long.parseLong(lower.substring(0, dash).replaceFirst("^0x", ""), 16);
        long end = Long.parseLong(lower.substring(dash + 1).replaceFirst("^0x", ""), 16);
        long endPage = (end + PageSize.PAGE_SIZE - 1) >> PageSize.PAGE_SHIFT;
        return check(
                start >= 0 && end > start, text, new Range(start >> PageSize.PAGE_SHIFT, endPage));
    }

    private static PageSet check(boolean valid, String text, PageSet set) {
        if (!valid) {
            throw wrong(text);
        }
        return set;
    }

    private static IllegalArgumentException wrong(String text) {
        return new IllegalArgumentException("page set: value=" + text + ", limit=" + FORMS);
    }
}
