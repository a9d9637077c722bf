package farpage.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/// An earlier run of a benchmark that this one is compared with.
///
/// A row that both have gets a field `baseline` with the earlier figures and how far this run's are
/// from them; one that is worse by more than the limit has failed.
final class Baseline {
    private final Bench bench;
    private final String file;
    private final RowReader.Report report;
    private final OptionalDouble limit;

    private Baseline(Bench bench, String file, RowReader.Report report, OptionalDouble limit) {
        this.bench = bench;
        this.file = file;
        this.report = report;
        this.limit = limit;
    }

    /// Reads the file that `--baseline` names.
    ///
    /// @param limit by which a figure may be worse, a part of one; empty if it may be by anything
    static Baseline read(Bench bench, String file, OptionalDouble limit) {
        RowReader.Report report = RowReader.read("--baseline", file);
        if (report.rows().stream().noneMatch(row -> isOf(bench, row))) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "--baseline: %s has no rows of 'bench %s'".formatted(file, bench.label()));
        }
        return new Baseline(bench, file, report, limit);
    }

    private static boolean isOf(Bench bench, Row row) {
        return row.text("bench").equals(bench.label());
    }

    /// Compares: adds to the rows, and makes those that are too much worse failed ones.
    ///
    /// @return what has to be said beside that, one line each
    List<String> compare(Row context, List<Row> rows) {
        Map<String, Row> earlier = new LinkedHashMap<>();
        for (Row row : report.rows()) {
            if (isOf(bench, row) && row.text("status").equals("ok")) {
                earlier.put(bench.key(row), row);
            }
        }
        List<String> remarks = new ArrayList<>();
        for (String field : List.of("device", "driver", "cpu")) {
            String then = report.context().text(field);
            if (!then.equals(context.text(field))) {
                remarks.add(
                        "%s was made with %s '%s', this run with '%s'"
                                .formatted(file, field, then, context.text(field)));
            }
        }
        List<String> unmatched = new ArrayList<>();
        for (Row row : rows) {
            if (!row.text("status").equals("ok")) {
                earlier.remove(bench.key(row));
                continue;
            }
            Row before = earlier.remove(bench.key(row));
            if (before == null) {
                unmatched.add(bench.key(row));
            } else {
                compare(before, row);
            }
        }
        unmatched.forEach(key -> remarks.add("not in " + file + ": " + key));
        earlier.keySet().forEach(key -> remarks.add("in " + file + " only: " + key));
        return remarks;
    }

    private void compare(Row before, Row row) {
        Row comparison = new Row();
        List<String> worse = new ArrayList<>();
        for (Bench.Figure figure : bench.figures()) {
            OptionalDouble then = before.figure(figure.name());
            OptionalDouble now = row.figure(figure.name());
            if (then.isEmpty() || now.isEmpty() || then.getAsDouble() <= 0) {
                continue;
            }
            double change = now.getAsDouble() / then.getAsDouble() - 1;
            comparison.put(figure.name(), then.getAsDouble()).put(figure.name() + "Change", change);
            double loss = figure.isMoreBetter() ? -change : change;
            if (limit.isPresent() && loss > limit.getAsDouble()) {
                worse.add(
                        String.format(
                                Locale.ROOT,
                                "%s %.4g is worse than %.4g in %s by %.1f %%; allowed is %.1f %%",
                                figure.name(),
                                now.getAsDouble(),
                                then.getAsDouble(),
                                file,
                                100 * loss,
                                100 * limit.getAsDouble()));
            }
        }
        row.put("baseline", comparison);
        if (!worse.isEmpty()) {
            row.fail(String.join("; ", worse));
        }
    }

    /// The change of a row against the baseline for people, the first figure that was compared.
    static String change(Bench bench, Row row) {
        Row comparison = row.inner("baseline");
        for (Bench.Figure figure : bench.figures()) {
            OptionalDouble change = comparison.figure(figure.name() + "Change");
            if (change.isPresent()) {
                return String.format(Locale.ROOT, "%+.1f %%", 100 * change.getAsDouble());
            }
        }
        return "";
    }
}
