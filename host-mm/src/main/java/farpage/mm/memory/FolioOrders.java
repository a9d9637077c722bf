package farpage.mm.memory;

import farpage.mm.PageSize;

/// A set of folio orders, from 0 to that of a whole page table leaf. Order 0 is always in it: what
/// finds no room in a larger folio must be able to go on in base pages. Order 1 never is: a large
/// folio has room for its counts from four pages on.
///
/// Who allocates goes from the highest order that fits down to 0, by [#highestFitting(int)] and
/// [#below(int)].
///
/// @param mask one bit for each order
/// @kernel include/linux/huge_mm.h: THP_ORDERS_ALL, highest_order, next_order
public record FolioOrders(int mask) {
    /// The order of a folio that one PMD entry maps: 2 MiB.
    public static final int MAX_ORDER = PageSize.HPAGE_PMD_ORDER;

    private static final int MASK_ALL = (1 << (MAX_ORDER + 1)) - 1 & ~(1 << 1);

    /// Base pages alone.
    public static final FolioOrders BASE = new FolioOrders(1);

    /// Base pages, and folios of 2 MiB: what Linux can put on a device.
    public static final FolioOrders PMD = of(MAX_ORDER);

    /// Every order.
    public static final FolioOrders ALL = new FolioOrders(MASK_ALL);

    /// Checks that order 0 is in it and none beyond the limit.
    public FolioOrders {
        if ((mask & 1) == 0 || (mask & ~MASK_ALL) != 0) {
            throw new IllegalArgumentException(
                    "orders: mask=%x, limit=bits of %x, and bit 0".formatted(mask, MASK_ALL));
        }
    }

    /// Order 0 and the given ones.
    public static FolioOrders of(int... orders) {
        int mask = 1;
        for (int order : orders) {
            requireOrder(order);
            mask |= 1 << order;
        }
        return new FolioOrders(mask);
    }

    private static void requireOrder(int order) {
        if (order < 0 || order > MAX_ORDER || order == 1) {
            throw new IllegalArgumentException(
                    "order: value=" + order + ", limit=0 or 2 to " + MAX_ORDER);
        }
    }

    /// Reads a list of orders and ranges of orders: `9`, `2-9`, `2,4,9`. Order 0 need not be said.
    ///
    /// @throws IllegalArgumentException if it is no such list
    public static FolioOrders parse(String text) {
        int mask = 1;
        for (String part : text.split(",", -1)) {
            int dash = part.indexOf('-', 1);
            int first = parseOrder(dash < 0 ? part : part.substring(0, dash));
            int last = dash < 0 ? first : parseOrder(part.substring(dash + 1));
            if (first > last) {
                throw new IllegalArgumentException(
                        "orders: value='" + part + "', limit=the lower order first");
            }
            mask |= (1 << (last + 1)) - (1 << first);
        }
        return new FolioOrders(mask & MASK_ALL);
    }

    private static int parseOrder(String text) {
        String digits = text.strip();
        if (!digits.matches("[0-9]{1,2}")) {
            throw new IllegalArgumentException(
                    "orders: value='" + digits + "', limit=0 or 2 to " + MAX_ORDER);
        }
        int order = Integer.parseInt(digits);
        requireOrder(order);
        return order;
    }

    public boolean contains(int order) {
        return order >= 0 && (mask >>> order & 1) != 0;
    }

    /// Whether folios between base pages and 2 MiB are in it, which Linux 7.0 can not put on a
    /// device.
    public boolean hasMiddle() {
        return (mask & ~PMD.mask) != 0;
    }

    public int highest() {
        return highestFitting(MAX_ORDER);
    }

    /// The highest order of the set that is not above the given one.
    public int highestFitting(int maxOrder) {
        assert maxOrder >= 0;
        int fitting = maxOrder >= MAX_ORDER ? mask : mask & ((1 << (maxOrder + 1)) - 1);
        return Integer.SIZE - 1 - Integer.numberOfLeadingZeros(fitting);
    }

    /// The highest order of the set whose folio may begin at a page number and is not longer than
    /// `pageCount`.
    ///
    /// @kernel include/linux/huge_mm.h: thp_vma_suitable_orders
    public int highestFitting(long pageNumber, long pageCount) {
        assert pageCount > 0;
        int aligned = Long.numberOfTrailingZeros(pageNumber | 1L << MAX_ORDER);
        int within = Long.SIZE - 1 - Long.numberOfLeadingZeros(pageCount);
        return highestFitting(Math.min(aligned, within));
    }

    /// The next lower order of the set; `order` is above 0.
    ///
    /// @kernel include/linux/huge_mm.h: next_order
    public int below(int order) {
        assert order > 0;
        return highestFitting(order - 1);
    }

    /// The folio's size in the kernel's words, as in the names of folders: `2048kB`.
    ///
    /// @kernel mm/huge_memory.c: hugepages-%lukB
    public static String sizeName(int order) {
        return (PageSize.PAGE_SIZE >> 10 << order) + "kB";
    }

    /// In the form that [#parse(String)] reads, order 0 included.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int order = 0; order <= MAX_ORDER; order++) {
            if (!contains(order)) {
                continue;
            }
            int last = order;
            while (contains(last + 1)) {
                last++;
            }
            text.append(text.isEmpty() ? "" : ",").append(order);
            if (last > order) {
                text.append('-').append(last);
            }
            order = last;
        }
        return text.toString();
    }
}
