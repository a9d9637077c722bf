package farpage.emulator.experiment.largefolios;

import farpage.emulator.experiment.Direction;
import farpage.emulator.experiment.FindingColumn;
import farpage.emulator.experiment.FindingRow;
import farpage.emulator.experiment.FindingTable;
import farpage.emulator.experiment.FindingUnit;
import farpage.mm.migrate.MigratePhase;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The figures on large folios as tables: one for each unit and direction, and one that compares.
final class LargeFolioTables {
    private static final double MICRO = 1e3;

    private static final List<FindingColumn> COMPARISON =
            List.of(
                    FindingColumn.of("direction", "direction", FindingUnit.TEXT),
                    FindingColumn.of("largeFolioBookkeepingMicros", "one", FindingUnit.MICROS),
                    FindingColumn.of("basePagesBookkeepingMicros", "512", FindingUnit.MICROS),
                    FindingColumn.of("times", "times", FindingUnit.RATIO),
                    FindingColumn.of("goalMicros", "goal", FindingUnit.MICROS),
                    FindingColumn.of("goalMet", "goal met", FindingUnit.TEXT),
                    FindingColumn.hidden("bytes", FindingUnit.BYTES));

    private LargeFolioTables() {}

    static List<FindingTable> of(LargeFolioResult result, LargeFolioReading reading) {
        List<FindingTable> tables = new ArrayList<>();
        for (MoveUnit unit : MoveUnit.values()) {
            for (Direction direction : Direction.values()) {
                tables.add(
                        new FindingTable(
                                unit.name().toLowerCase(Locale.ROOT),
                                title(result.plan(), unit, direction),
                                columns(unit),
                                result.costs(unit, direction).stream()
                                        .map(LargeFolioTables::row)
                                        .toList()));
            }
        }
        List<FindingRow> comparisons =
                reading.comparisons().stream().map(LargeFolioTables::row).toList();
        if (!comparisons.isEmpty()) {
            tables.add(
                    new FindingTable(
                            "comparison",
                            "Bookkeeping for 2 MiB, µs: one folio beside 512 base pages",
                            COMPARISON,
                            comparisons));
        }
        return tables;
    }

    private static String title(LargeFolioPlan plan, MoveUnit unit, Direction direction) {
        String name = LargeFolioReading.name(direction);
        return switch (unit) {
            case BLOCK ->
                    name
                            + ", 2 MiB in one command, µs: bookkeeping is all but the copy, share its"
                            + " part of the whole";
            case RANGE ->
                    "%s, %s in one command".formatted(name, LargeFolioReading.size(plan.bytes()));
            case FAULT ->
                    switch (direction) {
                        case TO_DEVICE -> "A device's fault: one folio to the device, µs";
                        case TO_SYSTEM -> "A CPU's fault: the folio of the page back, µs";
                    };
        };
    }

    private static List<FindingColumn> columns(MoveUnit unit) {
        List<FindingColumn> columns = new ArrayList<>();
        columns.add(FindingColumn.of("folio", "folio", FindingUnit.TEXT));
        columns.add(FindingColumn.of("micros", "p50", FindingUnit.MICROS));
        columns.add(FindingColumn.of("micros", "p90", FindingUnit.MICROS_P90));
        columns.add(FindingColumn.of("micros", "p99", FindingUnit.MICROS_P99));
        if (unit != MoveUnit.RANGE) {
            columns.add(FindingColumn.of("bookkeepingMicros", "book", FindingUnit.MICROS));
            columns.add(FindingColumn.of("copyMicros", "copy", FindingUnit.MICROS));
            columns.add(FindingColumn.of("bookkeepingShare", "share", FindingUnit.SHARE));
        }
        columns.add(FindingColumn.of("rawMicros", "plain", FindingUnit.MICROS));
        columns.add(FindingColumn.of("gbps", "GB/s", FindingUnit.GBPS));
        columns.add(FindingColumn.of("rawGbps", "plain", FindingUnit.GBPS));
        columns.add(FindingColumn.of("movedPages", "pages", FindingUnit.COUNT));
        for (String field :
                List.of("unit", "direction", "order", "path", "folioBytes", "bytes", "ratio")) {
            columns.add(FindingColumn.hidden(field, FindingUnit.NUMBER));
        }
        columns.add(FindingColumn.hidden("copyShare", FindingUnit.SHARE));
        columns.add(FindingColumn.hidden("phaseMicros", FindingUnit.NUMBER));
        return columns;
    }

    private static FindingRow row(MoveCost cost) {
        FindingRow row =
                FindingRow.of(
                                "%s %s order %d %s"
                                        .formatted(
                                                word(cost.unit()),
                                                cost.direction().label(),
                                                cost.order(),
                                                word(cost.path())))
                        .put("unit", word(cost.unit()))
                        .put("direction", cost.direction().label())
                        .put("order", cost.order())
                        .put("path", word(cost.path()))
                        .put("folio", label(cost))
                        .put("folioBytes", cost.folioBytes())
                        .put("bytes", cost.bytes())
                        .put("movedPages", cost.movedPages())
                        .put("micros", cost.nanos())
                        .put("rawMicros", cost.rawNanos() / MICRO)
                        .put("gbps", cost.gbps())
                        .put("rawGbps", cost.rawGbps())
                        .put("ratio", cost.gbps() / cost.rawGbps());
        if (cost.unit() != MoveUnit.RANGE) {
            row.put("bookkeepingMicros", cost.bookkeepingNanos() / MICRO)
                    .put("copyMicros", cost.copyNanos() / MICRO)
                    .put("bookkeepingShare", cost.bookkeepingShare())
                    .put("copyShare", 1 - cost.bookkeepingShare())
                    .put("phaseMicros", phases(cost));
        }
        return row;
    }

    private static String label(MoveCost cost) {
        String size = LargeFolioReading.size(cost.folioBytes());
        return cost.path() == FolioPath.SPLIT ? size + ", split" : size;
    }

    private static Map<String, Double> phases(MoveCost cost) {
        Map<String, Double> phases = new LinkedHashMap<>();
        for (MigratePhase phase : MigratePhase.values()) {
            phases.put(
                    phase.name().toLowerCase(Locale.ROOT),
                    cost.phaseNanos().getOrDefault(phase, 0L) / MICRO);
        }
        return phases;
    }

    private static FindingRow row(LargeFolioReading.Comparison comparison) {
        return FindingRow.of("bookkeeping " + comparison.direction().label())
                .put("direction", comparison.direction().label())
                .put("bytes", comparison.large().bytes())
                .put("largeFolioBookkeepingMicros", comparison.largeMicros())
                .put("basePagesBookkeepingMicros", comparison.baseMicros())
                .put("times", comparison.times())
                .put("goalMicros", LargeFolioReading.GOAL_MICROS)
                .put("goalMet", comparison.isGoalMet());
    }

    private static String word(MoveUnit unit) {
        return unit.name().toLowerCase(Locale.ROOT);
    }

    private static String word(FolioPath path) {
        return path.name().toLowerCase(Locale.ROOT);
    }
}
