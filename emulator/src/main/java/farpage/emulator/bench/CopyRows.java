package farpage.emulator.bench;

import farpage.emulator.copy.CopyMethod;
import farpage.mm.PageSize;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Which rows `bench copy` has.
///
/// The device's plan is measured on all axes; single methods where they differ most, which is on
/// scattered pages; within the device commands besides; and what one transfer of consecutive pages
/// reaches by its size.
///
/// @param isQuick whether only the rows that matter most
/// @param batches pages of a batch; empty for the usual ones
/// @param inFlight batches under way; empty for the usual ones
/// @param directions which ones; empty for all
/// @param layouts which ones; empty for all
/// @param methods by their names in reports; empty for all
/// @param movePages pages of a move, at least; 0 for the usual number
/// @opencl None: a choice of commands
public record CopyRows(
        boolean isQuick,
        List<Integer> batches,
        List<Integer> inFlight,
        Set<TransferDirection> directions,
        Set<PageLayout> layouts,
        Set<String> methods,
        int movePages) {
    private static final List<Integer> QUICK_BATCHES = List.of(1, 16, 512, 4096);
    private static final List<Integer> BATCHES = List.of(1, 4, 16, 64, 256, 512, 1024, 4096);
    private static final List<Integer> METHOD_BATCHES = List.of(1, 16, 64, 512, 4096);
    private static final List<Integer> IN_FLIGHT_BATCHES = List.of(16, 512, 4096);

    /// Pages that a move takes to show a rate and not the luck of a moment.
    private static final int MOVE_PAGES = 16384;

    private static final int QUICK_MOVE_PAGES = 4096;

    /// With few pages to a batch, as many batches show it too.
    private static final int MOVE_BATCHES = 1024;

    /// The sizes of one contiguous transfer, as powers of two.
    private static final int SIZE_SHIFT_MIN = 12;

    private static final int SIZE_SHIFT_MAX = 30;
    private static final int QUICK_SIZE_SHIFT_MAX = 26;
    private static final int QUICK_SIZE_SHIFT_STEP = 4;

    /// Keeps the lists as unmodifiable ones.
    public CopyRows {
        batches = List.copyOf(batches);
        inFlight = List.copyOf(inFlight);
        directions = Set.copyOf(directions);
        layouts = Set.copyOf(layouts);
        methods = Set.copyOf(methods);
    }

    /// The names that a method may have.
    public static List<String> methodNames() {
        List<String> names = new ArrayList<>(List.of(CopyCase.BY_PLAN));
        Arrays.stream(CopyMethod.values()).forEach(method -> names.add(method.label()));
        return names;
    }

    /// The rows.
    public List<CopyCase> rows() {
        Set<CopyCase> rows = new LinkedHashSet<>();
        for (TransferDirection direction : List.of(TransferDirection.H2D, TransferDirection.D2H)) {
            addByPlan(rows, direction);
            addMethods(rows, direction);
            addSizes(rows, direction);
        }
        addWithin(rows);
        return rows.stream().filter(this::isWanted).toList();
    }

    private boolean isWanted(CopyCase row) {
        return (directions.isEmpty() || directions.contains(row.direction()))
                && (layouts.isEmpty() || layouts.contains(row.layout()))
                && (methods.isEmpty() || methods.contains(row.methodLabel()))
                && (inFlight.isEmpty() || inFlight.contains(row.inFlight()));
    }

    private List<Integer> batchesOr(List<Integer> usual) {
        return batches.isEmpty() ? usual : batches;
    }

    private void addByPlan(Set<CopyCase> rows, TransferDirection direction) {
        Optional<CopyMethod> plan = Optional.empty();
        for (int batch : batchesOr(isQuick ? QUICK_BATCHES : BATCHES)) {
            rows.add(row(plan, direction, PageLayout.SCATTERED, batch, 1));
        }
        for (int batch : batchesOr(isQuick ? List.of(512) : BATCHES)) {
            rows.add(row(plan, direction, PageLayout.CONTIGUOUS, batch, 1));
        }
        boolean isUsual = inFlight.isEmpty();
        List<Integer> usual = isQuick ? List.of(CopyCase.IN_FLIGHT_MAX) : List.of(2, 3, 4);
        for (int depth : isUsual ? usual : inFlight) {
            for (int batch : batchesOr(isQuick ? List.of(512) : IN_FLIGHT_BATCHES)) {
                rows.add(row(plan, direction, PageLayout.SCATTERED, batch, depth));
            }
        }
    }

    private void addMethods(Set<CopyCase> rows, TransferDirection direction) {
        for (CopyMethod method : CopyMethod.values()) {
            boolean isAnother =
                    direction == TransferDirection.D2D && method.withinDevice() != method;
            if (isAnother) {
                continue;
            }
            for (int batch : batchesOr(isQuick ? List.of(512) : METHOD_BATCHES)) {
                rows.add(row(Optional.of(method), direction, PageLayout.SCATTERED, batch, 1));
            }
        }
    }

    /// Within the device commands are what a kernel has to be better than, in every layout.
    private void addWithin(Set<CopyCase> rows) {
        TransferDirection within = TransferDirection.D2D;
        for (int batch : batchesOr(isQuick ? List.of(512) : METHOD_BATCHES)) {
            for (PageLayout layout : PageLayout.values()) {
                rows.add(row(Optional.empty(), within, layout, batch, 1));
                rows.add(row(Optional.of(CopyMethod.DIRECT), within, layout, batch, 1));
            }
        }
        if (!isQuick) {
            addMethods(rows, within);
        }
    }

    private void addSizes(Set<CopyCase> rows, TransferDirection direction) {
        if (!batches.isEmpty()) {
            return;
        }
        int most = isQuick ? QUICK_SIZE_SHIFT_MAX : SIZE_SHIFT_MAX;
        for (int shift = SIZE_SHIFT_MIN;
                shift <= most;
                shift += isQuick ? QUICK_SIZE_SHIFT_STEP : 1) {
            long bytes = 1L << shift;
            rows.add(
                    new CopyCase(
                            Optional.empty(),
                            direction,
                            PageLayout.CONTIGUOUS,
                            Math.toIntExact(PageSize.pageNumber(bytes)),
                            1,
                            bytes));
        }
    }

    private CopyCase row(
            Optional<CopyMethod> method,
            TransferDirection direction,
            PageLayout layout,
            int batchPages,
            int inFlight) {
        long usual =
                Math.min(isQuick ? QUICK_MOVE_PAGES : MOVE_PAGES, (long) batchPages * MOVE_BATCHES);
        long wanted = movePages == 0 ? usual : movePages;
        long least = Math.max(wanted, (long) batchPages * 2 * inFlight);
        long count = (least + batchPages - 1) / batchPages;
        return new CopyCase(
                method,
                direction,
                layout,
                batchPages,
                inFlight,
                PageSize.pageAddress(count * batchPages));
    }
}
