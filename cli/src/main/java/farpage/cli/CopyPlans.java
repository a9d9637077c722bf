package farpage.cli;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.calibration.CalibrationException;
import farpage.emulator.calibration.CalibrationResult;
import farpage.emulator.calibration.CopyCalibration;
import farpage.emulator.copy.CopyMethod;
import farpage.emulator.copy.CopyPlan;
import farpage.opencl.ClDevice;
import farpage.opencl.ClException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Finds the plan by which a command copies pages: what the user asked for, else what was measured
/// before, else, for commands that copy enough, what is measured now and kept.
final class CopyPlans {
    /// The pages that are copied to measure are the same each time.
    private static final long SEED = 1;

    /// Longer than this, the kernels were compiled and not found in the driver's cache.
    private static final long SLOW_NANOS = 1_000_000_000;

    private final Command command;
    private final CopyOptions options;
    private final boolean calibrates;
    private final EmulatorConfig config;
    private final ClDevice device;

    /// @param options of the command; those that have none are steered by the variable alone
    /// @param calibrates whether the command copies enough to measure before it
    /// @param config binding and device
    CopyPlans(Command command, CopyOptions options, boolean calibrates, EmulatorConfig config) {
        this.command = command;
        this.options = options;
        this.calibrates = calibrates;
        this.config = config;
        this.device = config.devices().getFirst();
    }

    /// The plan, or nothing if the guess from the kind of device is to be taken.
    Optional<CopyPlan> plan() {
        CliEnvironment environment = command.environment();
        Optional<CopyMethod> forced = options.method(environment);
        if (forced.isPresent()) {
            return Optional.of(only(forced.get()));
        }
        return switch (options.word(environment)) {
            case CopyOptions.DEFAULT -> Optional.empty();
            case CopyOptions.CALIBRATE -> {
                CopyPlanKey key = key();
                yield measure(key, new CopyPlanStore(environment).find(key).plan());
            }
            default -> stored();
        };
    }

    private CopyPlanKey key() {
        return CopyPlanKey.of(device, command.options.bindingOf(command.environment()).name());
    }

    private CopyPlan only(CopyMethod method) {
        Set<CopyMethod> possible = CopyCalibration.methods(config);
        if (!possible.contains(method)) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "%s: the device %s cannot copy by %s; right would be one of %s"
                            .formatted(
                                    options.source(),
                                    device.info().name(),
                                    method.label(),
                                    CopyOptions.words(possible.stream())));
        }
        return CopyPlan.only(method);
    }

    private Optional<CopyPlan> stored() {
        CopyPlanKey key = key();
        CopyPlanStore.Found found = new CopyPlanStore(command.environment()).find(key);
        if (!found.trouble().isEmpty()) {
            command.note(
                    "%s; %s"
                            .formatted(
                                    found.trouble(),
                                    calibrates
                                            ? "the device is measured again"
                                            : "it is left out of account"));
        }
        return found.plan().isPresent() || !calibrates
                ? found.plan()
                : measure(key, Optional.empty());
    }

    /// A device that cannot be measured may still do the command's work, or say better what is
    /// wrong with it.
    private Optional<CopyPlan> measure(CopyPlanKey key, Optional<CopyPlan> earlier) {
        CalibrationResult result;
        try {
            result =
                    CopyCalibration.measure(
                            config, SEED, command.environment().nanoClock(), earlier);
        } catch (CalibrationException | ClException failure) {
            command.note(
                    "how %s copies best could not be measured (%s); what suits its kind is taken"
                            .formatted(device.info().name(), failure.getMessage()));
            return Optional.empty();
        }
        CopyPlanStore store = new CopyPlanStore(command.environment());
        Optional<String> trouble = store.keep(key, result);
        String kept =
                trouble.map(reason -> "not kept: " + reason)
                        .orElseGet(() -> "kept in " + store.file(key).orElseThrow());
        command.note(
                "measured in %s how %s copies pages best%s; %s"
                        .formatted(
                                seconds(result.nanos()),
                                device.info().name(),
                                result.preparationNanos() > SLOW_NANOS
                                        ? ", after %s in which its kernels were compiled"
                                                .formatted(seconds(result.preparationNanos()))
                                        : "",
                                kept));
        return Optional.of(result.plan());
    }

    private static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%.1f s", nanos / 1e9);
    }
}
