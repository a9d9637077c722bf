package farpage.emulator.bench;

import farpage.emulator.svm.RangeMigrator;
import farpage.mm.PageSize;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Which rows `bench migrate` has.
///
/// @param isQuick whether only the rows that matter most
/// @param orders of the folios; empty for the usual ones
/// @param batches pages of a command; empty for the usual ones
/// @param inFlight commands under way at once; empty for the usual ones
/// @param layouts which ones; empty for all
/// @param movePages base pages of a move, at least; 0 for the usual number
/// @kernel None: a choice of the benchmarks
public record MigrateRows(
        boolean isQuick,
        List<Integer> orders,
        List<Integer> batches,
        List<Integer> inFlight,
        Set<PageLayout> layouts,
        int movePages) {
    private static final List<Integer> QUICK_ORDERS = List.of(0, 9);
    private static final List<Integer> ORDERS = List.of(0, 2, 3, 4, 5, 6, 7, 8, 9);
    private static final List<Integer> BATCHES = List.of(16, 512, 4096, 65536);

    /// Large folios of other sizes are looked at in the middle.
    private static final List<Integer> MIDDLE_BATCHES = List.of(512, 4096);

    /// Commands under way at once, where they are short.
    private static final List<Integer> IN_FLIGHT = List.of(1, 2, RangeMigrator.IN_FLIGHT_MAX);

    private static final int IN_FLIGHT_BATCH_MAX = 4096;
    private static final int QUICK_MOVE_PAGES = 1 << 13;
    private static final int MOVE_PAGES = 1 << 15;

    /// Keeps the lists as unmodifiable ones.
    public MigrateRows {
        orders = List.copyOf(orders);
        batches = List.copyOf(batches);
        inFlight = List.copyOf(inFlight);
        layouts = Set.copyOf(layouts);
    }

    /// The rows.
    public List<MigrateCase> rows() {
        List<MigrateCase> rows = new ArrayList<>();
        List<Integer> usual = isQuick ? QUICK_ORDERS : ORDERS;
        for (int order : orders.isEmpty() ? usual : orders) {
            for (PageLayout layout : PageLayout.values()) {
                if (layouts.isEmpty() || layouts.contains(layout)) {
                    add(rows, order, layout);
                }
            }
        }
        return rows;
    }

    private void add(List<MigrateCase> rows, int order, PageLayout layout) {
        for (int batch : batches.isEmpty() ? usualBatches(order, layout) : batches) {
            if (batch % (1 << order) == 0) {
                int usual = isQuick ? QUICK_MOVE_PAGES : MOVE_PAGES;
                int least = Math.max(movePages == 0 ? usual : movePages, batch);
                long count = ((long) least + batch - 1) / batch;
                long bytes = PageSize.pageAddress(count * batch);
                for (int flying : inFlight.isEmpty() ? usualInFlight(layout, batch) : inFlight) {
                    rows.add(new MigrateCase(order, layout, batch, flying, bytes));
                }
            }
        }
    }

    /// Long commands overlap their own copies.
    private List<Integer> usualInFlight(PageLayout layout, int batch) {
        if (batch > IN_FLIGHT_BATCH_MAX || isQuick && layout == PageLayout.CONTIGUOUS) {
            return List.of(1);
        }
        return isQuick ? List.of(1, RangeMigrator.IN_FLIGHT_MAX) : IN_FLIGHT;
    }

    private List<Integer> usualBatches(int order, PageLayout layout) {
        boolean isEnd = order == 0 || order == PageSize.HPAGE_PMD_ORDER;
        if (!isQuick) {
            return isEnd ? BATCHES : MIDDLE_BATCHES;
        }
        if (layout == PageLayout.CONTIGUOUS) {
            return List.of(4096);
        }
        return order == 0 ? List.of(16, 512, 4096) : MIDDLE_BATCHES;
    }
}
