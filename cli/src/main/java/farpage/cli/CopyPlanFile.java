package farpage.cli;

import farpage.emulator.calibration.CalibrationResult;
import farpage.emulator.calibration.CopyLayout;
import farpage.emulator.calibration.CopyRate;
import farpage.emulator.calibration.PlanDirection;
import farpage.emulator.copy.CopyMethod;
import farpage.emulator.copy.CopyPlan;
import farpage.emulator.copy.CopyTable;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// A measured plan as rows, and back.
///
/// The context has the format's version and the [CopyPlanKey]. A row `copyPlan` is a step of one
/// direction, or tells from which length on a run is a command of its own; a row `copyRate` is what
/// was timed, a row `copyMethod` a method that failed, and a row `calibration` how long it all
/// took.
final class CopyPlanFile {
    /// Another version is another meaning of the fields.
    private static final long FORMAT = 1;

    private static final String PLAN = "copyPlan";
    private static final String RATE = "copyRate";
    private static final String METHOD = "copyMethod";
    private static final String CALIBRATION = "calibration";

    private CopyPlanFile() {}

    /// Rows that are not what this class writes.
    static final class FormatException extends Exception {
        private static final long serialVersionUID = 1L;

        FormatException(String message) {
            super(message);
        }
    }

    static Row context(CopyPlanKey key) {
        return key.addTo(
                new Row().put("schema", Row.SCHEMA).put("context", PLAN).put("format", FORMAT));
    }

    static List<Row> rows(CalibrationResult result) {
        List<Row> rows = new ArrayList<>();
        for (PlanDirection direction : PlanDirection.values()) {
            CopyTable table = direction.table(result.plan());
            for (CopyTable.Step step : table.steps()) {
                rows.add(
                        directed(PLAN, direction)
                                .put("fromPages", step.fromPages())
                                .put("method", step.method().label()));
            }
            if (table.directRunPages() != CopyTable.NEVER) {
                rows.add(directed(PLAN, direction).put("directRunPages", table.directRunPages()));
            }
        }
        for (CopyRate rate : result.rates()) {
            rows.add(
                    directed(RATE, rate.direction())
                            .put("pages", rate.layout().pages())
                            .put("runPages", rate.layout().runPages())
                            .put("method", rate.method().label())
                            .put("nanos", rate.nanos())
                            .put("gbps", rate.gigabytesPerSecond())
                            .put("reps", rate.reps()));
        }
        result.dropped()
                .forEach((method, reason) ->
                        rows.add(Row.failed(METHOD, reason).put("method", method.label())));
        rows.add(
                Row.ok(CALIBRATION)
                        .put("nanos", result.nanos())
                        .put("preparationNanos", result.preparationNanos()));
        return rows;
    }

    private static Row directed(String bench, PlanDirection direction) {
        return Row.ok(bench).put("direction", direction.label());
    }

    /// Reads what [#context] and [#rows] made.
    ///
    /// @throws FormatException if it is something else, or of another device
    static CalibrationResult result(RowReader.Report report, CopyPlanKey key)
            throws FormatException {
        if (!report.context().values().equals(context(key).values())) {
            throw new FormatException("it is about another device, driver or version");
        }
        try {
            return new CalibrationResult(
                    new CopyPlan(
                            table(report.rows(), PlanDirection.TO_DEVICE),
                            table(report.rows(), PlanDirection.TO_SYSTEM)),
                    rates(report.rows()),
                    dropped(report.rows()),
                    total(report.rows(), "nanos"),
                    total(report.rows(), "preparationNanos"));
        } catch (IllegalArgumentException wrong) {
            throw new FormatException(String.valueOf(wrong.getMessage()));
        }
    }

    private static CopyTable table(List<Row> rows, PlanDirection direction) throws FormatException {
        List<CopyTable.Step> steps = new ArrayList<>();
        int directRunPages = CopyTable.NEVER;
        for (Row row : rows) {
            if (!is(row, PLAN) || direction(row) != direction) {
                continue;
            }
            if (row.has("directRunPages")) {
                directRunPages = number(row, "directRunPages");
            } else {
                steps.add(new CopyTable.Step(number(row, "fromPages"), method(row)));
            }
        }
        return new CopyTable(steps, directRunPages);
    }

    private static List<CopyRate> rates(List<Row> rows) throws FormatException {
        List<CopyRate> rates = new ArrayList<>();
        for (Row row : rows) {
            if (is(row, RATE)) {
                rates.add(
                        new CopyRate(
                                direction(row),
                                new CopyLayout(number(row, "pages"), number(row, "runPages")),
                                method(row),
                                longNumber(row, "nanos"),
                                number(row, "reps")));
            }
        }
        return rates;
    }

    private static Map<CopyMethod, String> dropped(List<Row> rows) throws FormatException {
        Map<CopyMethod, String> dropped = new EnumMap<>(CopyMethod.class);
        for (Row row : rows) {
            if (is(row, METHOD)) {
                dropped.put(method(row), row.text("reason"));
            }
        }
        return dropped;
    }

    private static long total(List<Row> rows, String name) throws FormatException {
        for (Row row : rows) {
            if (is(row, CALIBRATION)) {
                return longNumber(row, name);
            }
        }
        throw new FormatException("it has no row " + CALIBRATION);
    }

    private static boolean is(Row row, String bench) {
        return row.text("bench").equals(bench);
    }

    private static PlanDirection direction(Row row) throws FormatException {
        return PlanDirection.lookup(row.text("direction"))
                .orElseThrow(() -> unknown(row, "direction"));
    }

    private static CopyMethod method(Row row) throws FormatException {
        return CopyMethod.lookup(row.text("method")).orElseThrow(() -> unknown(row, "method"));
    }

    private static FormatException unknown(Row row, String name) {
        return new FormatException("it has the unknown %s '%s'".formatted(name, row.text(name)));
    }

    private static long longNumber(Row row, String name) throws FormatException {
        if (row.values().get(name) instanceof Long number) {
            return number;
        }
        throw new FormatException("it lacks a number " + name);
    }

    private static int number(Row row, String name) throws FormatException {
        long number = longNumber(row, name);
        if (number != (int) number) {
            throw unknown(row, name);
        }
        return (int) number;
    }
}
