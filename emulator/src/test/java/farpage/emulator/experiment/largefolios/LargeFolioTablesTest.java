package farpage.emulator.experiment.largefolios;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.experiment.Direction;
import farpage.emulator.experiment.FindingRow;
import farpage.emulator.experiment.FindingTable;
import farpage.emulator.experiment.FindingValue;
import farpage.emulator.experiment.Quantiles;
import farpage.mm.migrate.MigratePhase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What is said of figures that are made up: bookkeeping of 1 µs and 100 ns for each folio.
final class LargeFolioTablesTest {
    private static LargeFolioResult result(List<Integer> orders) {
        LargeFolioPlan plan = new LargeFolioPlan(32L << 20, 3, 1, orders);
        List<MoveCost> costs = new ArrayList<>();
        for (MoveUnit unit : MoveUnit.values()) {
            for (Direction direction : Direction.values()) {
                for (int order : orders) {
                    costs.add(cost(unit, order, FolioPath.WHOLE, direction));
                    if (order > 0) {
                        costs.add(cost(unit, order, FolioPath.SPLIT, direction));
                    }
                }
            }
        }
        return new LargeFolioResult(plan, costs);
    }

    private static MoveCost cost(MoveUnit unit, int order, FolioPath path, Direction direction) {
        long pages =
                switch (unit) {
                    case BLOCK -> 512;
                    case RANGE -> 8192;
                    case FAULT -> 1L << order;
                };
        long folios = path == FolioPath.SPLIT ? pages : Math.max(1, pages >> order);
        long bookkeeping = 1000 + 100 * folios;
        long copy = 400 * pages;
        long total = bookkeeping + copy;
        return new MoveCost(
                unit,
                order,
                path,
                direction,
                4096 * pages,
                pages,
                new Quantiles(30, total, total + 10, total + 100, total + 200, total + 300),
                copy / 2,
                bookkeeping,
                copy,
                Map.of(MigratePhase.COPY, copy, MigratePhase.PAGES, bookkeeping / 2));
    }

    private static List<FindingTable> tables(List<Integer> orders) {
        LargeFolioResult result = result(orders);
        return LargeFolioTables.of(result, new LargeFolioReading(result));
    }

    @Test
    void readingComparesOneLargeFolioWithAllItsPages() {
        List<String> found = new LargeFolioReading(result(LargeFolioPlan.ORDERS)).findings();
        assertEquals(
                "To the device, one folio of 2 MiB takes 1.1 µs of bookkeeping, 512 base pages take"
                        + " 52.2 µs: 47.5 times as much. The goal is met.",
                found.getFirst());
        assertTrue(
                found.stream()
                        .anyMatch(each ->
                                each.contains("are those of 16 KiB (order 2): 13.8 µs for 2 MiB.")),
                found.toString());
        assertTrue(
                found.getLast().contains("that has to be split takes 52.2 µs"), found.toString());
    }

    @Test
    void tablesTellEveryUnitOrderWayAndDirection() {
        List<FindingTable> tables = tables(LargeFolioPlan.ORDERS);
        assertEquals(3 * 2 + 1, tables.size());
        assertEquals(3 * 2 * 17 + 2, tables.stream().mapToInt(table -> table.rows().size()).sum());
        FindingRow block = tables.getFirst().rows().getFirst();
        assertEquals("block toDevice order 0 whole", block.name());
        assertEquals(new FindingValue.Figure(52.2), block.values().get("bookkeepingMicros"));
        assertEquals(new FindingValue.Figure(204.8), block.values().get("copyMicros"));
        assertEquals(
                new FindingValue.Truth(true),
                tables.getLast().rows().getLast().values().get("goalMet"));
    }

    @Test
    void withoutBothEndsNothingIsCompared() {
        assertEquals(3 * 2, tables(List.of(4)).size());
    }
}
