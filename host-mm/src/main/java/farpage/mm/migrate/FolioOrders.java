package farpage.mm.migrate;

import farpage.mm.PageSize;
import farpage.mm.memory.FolioTable;

/// The orders of large folio that a driver can use; base pages always. Linux 7.0 knows one: 2 MiB,
/// mapped by one entry of the PMD level.
///
/// @kernel include/linux/migrate.h: MIGRATE_VMA_SELECT_COMPOUND
public final class FolioOrders {
    /// Base pages only: large folios are cut when they are collected.
    public static final FolioOrders BASE = new FolioOrders(0);

    /// Base pages and 2 MiB, as with `MIGRATE_VMA_SELECT_COMPOUND`.
    public static final FolioOrders PMD = new FolioOrders(1 << PageSize.HPAGE_PMD_ORDER);

    /// Every order from 16 KiB to 2 MiB.
    public static final FolioOrders ALL =
            new FolioOrders((2 << PageSize.HPAGE_PMD_ORDER) - (1 << FolioTable.LARGE_ORDER_MIN));

    static final int BELOW_PMD = PageSize.HPAGE_PMD_ORDER - 1;

    private final int mask;

    private FolioOrders(int mask) {
        this.mask = mask;
    }

    /// A set of orders.
    ///
    /// @param mask bit n for order n, of 2 to 9
    public static FolioOrders ofMask(int mask) {
        if ((mask & ~ALL.mask) != 0) {
            throw new IllegalArgumentException(
                    "orders: value=" + Integer.toBinaryString(mask) + ", limit=2 to 9");
        }
        return new FolioOrders(mask);
    }

    public int mask() {
        return mask;
    }

    public boolean has(int order) {
        return (mask >>> order & 1) != 0;
    }

    /// Whether there are orders that Linux 7.0 does not know.
    boolean hasSmall() {
        return (mask & ~PMD.mask) != 0;
    }

    /// The next order below one; 0 for base pages.
    public int nextLower(int order) {
        int below = mask & (1 << order) - 1;
        return below == 0 ? 0 : Integer.SIZE - 1 - Integer.numberOfLeadingZeros(below);
    }

    /// The largest order of a naturally aligned folio that begins at a page and has at most so
    /// many.
    int highestAligned(int page, int count) {
        return highestAligned(page, count, PageSize.HPAGE_PMD_ORDER);
    }

    int highestAligned(int page, int count, int max) {
        if (mask == 0) {
            return 0;
        }
        int order = nextLower(max + 1);
        while (order > 0 && ((page & (1 << order) - 1) != 0 || 1 << order > count)) {
            order = nextLower(order);
        }
        return order;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FolioOrders orders && orders.mask == mask;
    }

    @Override
    public int hashCode() {
        return mask;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("0");
        for (int order = FolioTable.LARGE_ORDER_MIN; order <= PageSize.HPAGE_PMD_ORDER; order++) {
            text.append(has(order) ? "," + order : "");
        }
        return text.toString();
    }
}
