package farpage.emulator.experiment;

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
