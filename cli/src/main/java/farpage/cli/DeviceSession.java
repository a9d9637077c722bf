package farpage.cli;

import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.opencl.ClBinding;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The binding and the device that a command works with, chosen by its options.
final class DeviceSession implements AutoCloseable {
    private final ClBinding binding;
    private final DeviceSelector.Choice choice;
    private final CopyPlans copyPlans;

    /// Found out when it is first asked for.
    private @Nullable EmulatorConfig config;

    private DeviceSession(ClBinding binding, DeviceSelector.Choice choice, CopyPlans copyPlans) {
        this.binding = binding;
        this.choice = choice;
        this.copyPlans = copyPlans;
    }

    /// Opens the binding and chooses the device, for a command that copies next to nothing: pages
    /// take the way that was measured before, if it was.
    static DeviceSession open(Command command) {
        return open(command, new CopyOptions(), false);
    }

    /// The same for a command that copies much: the device is measured at its first use.
    static DeviceSession open(Command command, CopyOptions copy) {
        return open(command, copy, true);
    }

    /// A fallback to the CPU is said.
    ///
    /// @param copy how pages are to be copied
    /// @param calibrates whether the command copies enough to measure the device before it
    static DeviceSession open(Command command, CopyOptions copy, boolean calibrates) {
        CliEnvironment environment = command.environment();
        String name = command.options.bindingOf(environment).name();
        ClBinding binding = environment.bindingOpener().apply(name);
        boolean isChosen = false;
        try {
            DeviceSelector.Choice choice =
                    DeviceSelector.select(
                            binding.devices(), command.options.deviceSelection(environment));
            if (choice.isFallback()) {
                command.note(
                        "no GPU found: using device %d, %s"
                                .formatted(choice.index(), choice.name()));
            }
            isChosen = true;
            return new DeviceSession(
                    binding,
                    choice,
                    new CopyPlans(
                            command,
                            copy,
                            calibrates,
                            EmulatorConfig.of(binding, choice.device())));
        } finally {
            if (!isChosen) {
                binding.close();
            }
        }
    }

    DeviceSelector.Choice choice() {
        return choice;
    }

    /// A machine with this device and the way that it copies pages, sizes by default.
    EmulatorConfig config() {
        EmulatorConfig known = config;
        if (known == null) {
            EmulatorConfig plain = EmulatorConfig.of(binding, choice.device());
            known = copyPlans.plan().map(plain::withCopyPlan).orElse(plain);
            config = known;
        }
        return known;
    }

    /// Makes a machine with this device.
    ///
    /// @param change sets sizes
    Emulator newEmulator(UnaryOperator<EmulatorConfig> change) {
        try {
            EmulatorConfig config = change.apply(config());
            checkDeviceMemory(config.deviceMemory());
            return new Emulator(config);
        } catch (IllegalArgumentException failure) {
            // The sizes are the user's.
            throw new CliFailure(
                    ExitCode.USAGE,
                    "--memory, --device-memory, --coherent-node: "
                            + Objects.requireNonNull(failure.getMessage()));
        }
    }

    /// What is asked for grows only as pages move, so that more than the device has would fail in
    /// the middle of a run.
    private void checkDeviceMemory(long bytes) {
        long limit = choice.device().info().globalMemory();
        if (bytes > limit && bytes != EmulatorConfig.DEVICE_MEMORY_DEFAULT) {
            throw new CliFailure(
                    ExitCode.OUT_OF_MEMORY,
                    "--device-memory: %s, but the device %s has %s; right would be at most that"
                            .formatted(
                                    SizeConverter.format(bytes),
                                    choice.name(),
                                    SizeConverter.format(limit)));
        }
    }

    @Override
    public void close() {
        binding.close();
    }
}
