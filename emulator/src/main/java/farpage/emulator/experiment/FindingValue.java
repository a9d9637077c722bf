package farpage.emulator.experiment;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// A value in a table.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: struct benchmark_results
public sealed interface FindingValue {
    /// A word.
    ///
    /// @kernel tools/testing/selftests/mm/hmm-tests.c: struct benchmark_results
    record Text(String text) implements FindingValue {}

    /// Whether something is so.
    ///
    /// @kernel tools/testing/selftests/mm/hmm-tests.c: struct benchmark_results
    record Truth(boolean holds) implements FindingValue {}

    /// A whole number.
    ///
    /// @kernel tools/testing/selftests/mm/hmm-tests.c: struct benchmark_results
    record Count(long count) implements FindingValue {}

    /// A finite number.
    ///
    /// @kernel tools/testing/selftests/mm/hmm-tests.c: struct benchmark_results
    record Figure(double number) implements FindingValue {
        /// Refuses what no report can show.
        public Figure {
            if (!Double.isFinite(number)) {
                throw new IllegalArgumentException("number: value=" + number + ", limit=finite");
            }
        }
    }

    /// A distribution of times.
    ///
    /// @kernel tools/testing/selftests/mm/hmm-tests.c: struct benchmark_results
    record Times(Quantiles nanos) implements FindingValue {}

    /// Numbers with names of their own, in their order.
    ///
    /// @kernel tools/testing/selftests/mm/hmm-tests.c: struct benchmark_results
    record Parts(Map<String, Double> parts) implements FindingValue {
        /// Keeps the parts as an unmodifiable map in their order.
        public Parts {
            parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
        }
    }
}
