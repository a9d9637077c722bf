package farpage.cli;

import farpage.emulator.experiment.Direction;
import farpage.emulator.experiment.FolioPath;
import farpage.emulator.experiment.LargeFolioResult;
import farpage.emulator.experiment.MoveCost;
import farpage.emulator.experiment.MoveUnit;
import farpage.emulator.experiment.Quantiles;
import farpage.mm.migrate.MigratePhase;
import java.io.PrintStream;
import java.util.Locale;

/// What `experiment large-folios` found, in every form but HTML.
///
/// @param context where and with what it was measured
record LargeFolioReport(Experiment experiment, LargeFolioResult result, Row context) {
    /// Prints it.
    void print(OutputFormat format, PrintStream out) {
        if (format == OutputFormat.TEXT) {
            new LargeFolioText(this).print(out);
            return;
        }
        RowOutput rows = RowOutput.of(format, out);
        rows.context(context);
        result.costs().forEach(cost -> rows.row(row(cost)));
        new LargeFolioReading(result).comparisons().forEach(each -> rows.row(row(each)));
        rows.end();
    }

    private Row row(MoveCost cost) {
        Quantiles nanos = cost.nanos();
        Row row =
                named(
                                "%s %s order %d %s"
                                        .formatted(
                                                unit(cost.unit()),
                                                direction(cost.direction()),
                                                cost.order(),
                                                path(cost.path())))
                        .put("unit", unit(cost.unit()))
                        .put("direction", direction(cost.direction()))
                        .put("order", cost.order())
                        .put("path", path(cost.path()))
                        .put("folioBytes", cost.folioBytes())
                        .put("bytes", cost.bytes())
                        .put("movedPages", cost.movedPages())
                        .put("micros", micros(nanos))
                        .put("rawMicros", cost.rawNanos() / 1e3)
                        .put("gbps", cost.gbps())
                        .put("rawGbps", cost.rawGbps())
                        .put("ratio", cost.gbps() / cost.rawGbps());
        if (cost.unit() != MoveUnit.RANGE) {
            row.put("bookkeepingMicros", cost.bookkeepingNanos() / 1e3)
                    .put("copyMicros", cost.copyNanos() / 1e3)
                    .put("bookkeepingShare", cost.bookkeepingShare())
                    .put("copyShare", 1 - cost.bookkeepingShare())
                    .put("phaseMicros", phases(cost));
        }
        return row.put("verified", true);
    }

    private Row named(String name) {
        return Row.ok("experiment").put("name", name).put("experiment", experiment.label());
    }

    private static Row micros(Quantiles nanos) {
        return new Row()
                .put("median", nanos.median() / 1e3)
                .put("p50", nanos.median() / 1e3)
                .put("p90", nanos.p90() / 1e3)
                .put("p99", nanos.p99() / 1e3)
                .put("p999", nanos.p999() / 1e3)
                .put("max", nanos.max() / 1e3)
                .put("reps", nanos.reps());
    }

    private static Row phases(MoveCost cost) {
        Row row = new Row();
        for (MigratePhase phase : MigratePhase.values()) {
            row.put(
                    phase.name().toLowerCase(Locale.ROOT),
                    cost.phaseNanos().getOrDefault(phase, 0L) / 1e3);
        }
        return row;
    }

    private Row row(LargeFolioReading.Comparison comparison) {
        return named("bookkeeping " + direction(comparison.direction()))
                .put("direction", direction(comparison.direction()))
                .put("bytes", comparison.large().bytes())
                .put("largeFolioBookkeepingMicros", comparison.largeMicros())
                .put("basePagesBookkeepingMicros", comparison.baseMicros())
                .put("times", comparison.times())
                .put("goalMicros", LargeFolioReading.GOAL_MICROS)
                .put("goalMet", comparison.isGoalMet());
    }

    static String unit(MoveUnit unit) {
        return switch (unit) {
            case BLOCK -> "block";
            case RANGE -> "range";
            case FAULT -> "fault";
        };
    }

    static String direction(Direction direction) {
        return switch (direction) {
            case TO_DEVICE -> "toDevice";
            case TO_SYSTEM -> "toSystem";
        };
    }

    static String path(FolioPath path) {
        return switch (path) {
            case WHOLE -> "whole";
            case SPLIT -> "split";
        };
    }
}
