package farpage.emulator.experiment.largefolios;

import farpage.emulator.experiment.Direction;
import java.util.List;

/// What the experiment on large folios found.
///
/// @param plan how much was done
/// @param costs of every unit, order, way and direction
/// @kernel tools/testing/selftests/mm/hmm-tests.c: print_benchmark_results
record LargeFolioResult(LargeFolioPlan plan, List<MoveCost> costs) {
    /// Keeps the costs as an unmodifiable list.
    LargeFolioResult {
        costs = List.copyOf(costs);
    }

    /// The costs of one unit and direction, by way and order.
    public List<MoveCost> costs(MoveUnit unit, Direction direction) {
        return costs.stream()
                .filter(cost -> cost.unit() == unit && cost.direction() == direction)
                .toList();
    }

    /// The costs of one kind.
    ///
    /// @throws IllegalArgumentException if none of that kind was measured
    MoveCost cost(MoveUnit unit, int order, FolioPath path, Direction direction) {
        return costs(unit, direction).stream()
                .filter(cost -> cost.order() == order && cost.path() == path)
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "order: value=" + order + " " + path + ", limit=one measured"));
    }
}
