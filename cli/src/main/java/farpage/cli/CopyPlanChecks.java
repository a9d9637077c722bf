package farpage.cli;

import farpage.emulator.calibration.CalibrationResult;
import farpage.emulator.calibration.CopyLayout;
import farpage.emulator.calibration.CopyRate;
import farpage.emulator.calibration.PlanDirection;
import farpage.emulator.copy.CopyMethod;
import farpage.emulator.copy.CopyTable;
import farpage.opencl.ClDevice;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiFunction;

/// Tells how a device copies pages: what was measured, when, and where that is kept. Nothing is
/// measured here.
final class CopyPlanChecks {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm 'UTC'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    private final CliEnvironment environment;
    private final String binding;

    /// @param binding whose plans are looked for
    CopyPlanChecks(CliEnvironment environment, String binding) {
        this.environment = environment;
        this.binding = binding;
    }

    /// The checks of one device.
    ///
    /// @param index of the device in `devices`
    List<DoctorCheck> of(ClDevice device, int index) {
        CopyPlanStore.Found found =
                new CopyPlanStore(environment).find(CopyPlanKey.of(device, binding));
        String name = "copy plan " + index;
        if (found.stored().isEmpty()) {
            String reason = found.trouble().isEmpty() ? "" : found.trouble() + "; ";
            return List.of(
                    DoctorCheck.ok(
                            name,
                            reason
                                    + "not measured yet: './farpage demo --device=%d' measures it first"
                                            .formatted(index)
                                    + precedence()));
        }
        CopyPlanStore.Stored stored = found.stored().get();
        String measured = TIME.format(stored.measured().toInstant());
        List<DoctorCheck> checks = new ArrayList<>();
        checks.add(
                DoctorCheck.ok(
                                name,
                                "measured %s through %s, kept in %s%s%s"
                                        .formatted(
                                                measured,
                                                binding,
                                                stored.file(),
                                                dropped(stored.result()),
                                                precedence()))
                        .with(
                                new Row()
                                        .put("measured", stored.measured().toString())
                                        .put("file", stored.file().toString())
                                        .put("binding", binding)));
        for (PlanDirection direction : PlanDirection.values()) {
            CopyTable table = direction.table(stored.result().plan());
            String label =
                    switch (direction) {
                        case TO_DEVICE -> "copy to device " + index;
                        case TO_SYSTEM -> "copy from device " + index;
                    };
            checks.add(
                    check(
                            label,
                            direction.label(),
                            steps(
                                    table,
                                    (layouts, method) ->
                                            rate(
                                                    stored.result(),
                                                    direction,
                                                    layouts,
                                                    method,
                                                    table))));
        }
        // What follows from the way to the device was not timed.
        CopyTable within = stored.result().plan().withinDevice();
        checks.add(
                check("copy within device " + index, "withinDevice", steps(within, (_, _) -> "")));
        return checks;
    }

    private static DoctorCheck check(String name, String direction, List<String> steps) {
        return DoctorCheck.ok(name, String.join(", ", steps))
                .with(new Row().put("direction", direction).put("steps", steps));
    }

    private String precedence() {
        String word = environment.variable("FARPAGE_COPY");
        return word.isEmpty() ? "" : "; FARPAGE_COPY=%s goes before it".formatted(word);
    }

    private static String dropped(CalibrationResult result) {
        StringBuilder text = new StringBuilder();
        result.dropped()
                .forEach((method, reason) -> text.append("; not " + method + ": " + reason));
        return text.toString();
    }

    /// `direct 0.15 GB/s`, `from 32 pages staged-item 3.9 GB/s`, `runs from 16 pages direct 12
    /// GB/s`.
    ///
    /// @param rate of a method in those of some layouts for which the table takes it
    private static List<String> steps(
            CopyTable table, BiFunction<List<CopyLayout>, CopyMethod, String> rate) {
        List<String> texts = new ArrayList<>();
        for (CopyTable.Step step : table.steps()) {
            String from = step.fromPages() == 1 ? "" : "from %d pages ".formatted(step.fromPages());
            texts.add(from + step.method() + rate.apply(CopyLayout.SCATTERED, step.method()));
        }
        int run = table.directRunPages();
        boolean hasRuns = run != CopyTable.NEVER && table.steps().size() + run > 2;
        if (hasRuns) {
            texts.add(
                    "runs from %d pages %s%s"
                            .formatted(
                                    run,
                                    CopyMethod.DIRECT,
                                    rate.apply(CopyLayout.RUNS, CopyMethod.DIRECT)));
        }
        return texts;
    }

    /// The rate in the largest layout for which the table takes the method.
    private static String rate(
            CalibrationResult result,
            PlanDirection direction,
            List<CopyLayout> layouts,
            CopyMethod method,
            CopyTable table) {
        Optional<CopyRate> last = Optional.empty();
        for (CopyLayout layout : layouts) {
            boolean isTaken = !layout.isScattered() || table.method(layout.pages()) == method;
            if (isTaken) {
                Optional<CopyRate> rate = result.rate(direction, layout, method);
                last = rate.isPresent() ? rate : last;
            }
        }
        return last.map(rate -> String.format(Locale.ROOT, " %.2g GB/s", rate.gigabytesPerSecond()))
                .orElse("");
    }
}
