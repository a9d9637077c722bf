package farpage.emulator.experiment;

import farpage.mm.memory.FolioOrders;
import farpage.mm.memory.FolioTable;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// How much an experiment does, as far as the user said so; the rest is the experiment's to choose.
///
/// @param bytes of memory it works on
/// @param runs that count
/// @param warmUpRuns before them
/// @param orders of folios; empty if the user did not say
/// @kernel tools/testing/selftests/mm/hmm-tests.c: parameters of benchmark_thp_migration
public record ExperimentAmount(
        OptionalLong bytes, OptionalInt runs, OptionalInt warmUpRuns, List<Integer> orders) {
    /// The user said nothing.
    public static final ExperimentAmount DEFAULT =
            new ExperimentAmount(
                    OptionalLong.empty(), OptionalInt.empty(), OptionalInt.empty(), List.of());

    private static final int RUNS_MAX = 1000;

    /// Keeps the orders as an unmodifiable list.
    public ExperimentAmount {
        orders = List.copyOf(orders);
    }

    public ExperimentAmount withBytes(long count) {
        return new ExperimentAmount(OptionalLong.of(count), runs, warmUpRuns, orders);
    }

    public ExperimentAmount withRuns(int count) {
        return new ExperimentAmount(bytes, OptionalInt.of(count), warmUpRuns, orders);
    }

    // What the user said, or else what the experiment does by itself. A value that makes no
    // sense is an IllegalArgumentException with what, value and limit.

    /// Bytes, a multiple of a unit; unit and limit are round numbers.
    public long bytesOr(long usual, long unit, long max) {
        long value = bytes.orElse(usual);
        if (value < unit || value > max || value % unit != 0) {
            throw new IllegalArgumentException(
                    "bytes: value=%d, limit=n*%s up to %s".formatted(value, size(unit), size(max)));
        }
        return value;
    }

    private static String size(long bytes) {
        if (bytes < 1 << 20) {
            return (bytes >> 10) + " KiB";
        }
        return bytes < 1 << 30 ? (bytes >> 20) + " MiB" : (bytes >> 30) + " GiB";
    }

    public int runsOr(int usual) {
        return require("runs", runs.orElse(usual), 1);
    }

    public int warmUpRunsOr(int usual) {
        return require("warmUpRuns", warmUpRuns.orElse(usual), 0);
    }

    private static int require(String name, int value, int least) {
        if (value < least || value > RUNS_MAX) {
            throw new IllegalArgumentException(
                    name + ": value=" + value + ", limit=" + least + " to " + RUNS_MAX);
        }
        return value;
    }

    /// Orders that folios have, ascending, each once.
    public List<Integer> ordersOr(List<Integer> usual) {
        List<Integer> values = orders.isEmpty() ? usual : orders;
        for (int order : values) {
            boolean isLarge = order >= FolioTable.LARGE_ORDER_MIN && order <= FolioOrders.MAX_ORDER;
            if (order != 0 && !isLarge) {
                throw new IllegalArgumentException(
                        "orders: value=%d, limit=0 and %d to %d"
                                .formatted(
                                        order, FolioTable.LARGE_ORDER_MIN, FolioOrders.MAX_ORDER));
            }
        }
        return values.stream().sorted().distinct().toList();
    }

    /// The options that the user gave.
    public List<ExperimentOption> given() {
        List<ExperimentOption> given = new ArrayList<>();
        if (bytes.isPresent()) {
            given.add(ExperimentOption.SIZE);
        }
        if (runs.isPresent()) {
            given.add(ExperimentOption.RUNS);
        }
        if (warmUpRuns.isPresent()) {
            given.add(ExperimentOption.WARM_UP);
        }
        if (!orders.isEmpty()) {
            given.add(ExperimentOption.ORDERS);
        }
        return given;
    }
}
