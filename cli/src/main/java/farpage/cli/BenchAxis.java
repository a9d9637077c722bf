package farpage.cli;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// Reads what options say about the axes of a benchmark.
final class BenchAxis {
    private BenchAxis() {}

    /// Whole numbers within limits.
    static List<Integer> numbers(String option, List<Long> values, int least, int most) {
        for (long value : values) {
            if (value < least || value > most) {
                throw new CliFailure(
                        ExitCode.USAGE,
                        "%s: %d is not possible; right would be %d to %d"
                                .formatted(option, value, least, most));
            }
        }
        return values.stream().distinct().map(Math::toIntExact).toList();
    }

    /// Values by the names that they have in reports.
    static <T> Set<T> values(String option, List<String> names, T[] all) {
        List<String> known = List.of(all).stream().map(Object::toString).toList();
        Set<T> values = new LinkedHashSet<>();
        for (String name : names(option, names, known)) {
            values.add(all[known.indexOf(name)]);
        }
        return values;
    }

    /// Names out of a list.
    static Set<String> names(String option, List<String> names, List<String> known) {
        for (String name : names) {
            if (!known.contains(name)) {
                throw new CliFailure(
                        ExitCode.USAGE,
                        "%s: no '%s'; right would be of %s"
                                .formatted(option, name, String.join(", ", known)));
            }
        }
        return new LinkedHashSet<>(names);
    }
}
