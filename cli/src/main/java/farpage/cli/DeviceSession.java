package farpage.cli;

import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.opencl.ClBinding;
import java.util.Objects;
import java.util.function.UnaryOperator;

/// The binding and the device that a command works with, chosen by its options.
final class DeviceSession implements AutoCloseable {
    private final ClBinding binding;
    private final DeviceSelector.Choice choice;

    private DeviceSession(ClBinding binding, DeviceSelector.Choice choice) {
        this.binding = binding;
        this.choice = choice;
    }

    /// Opens the binding and chooses the device; a fallback to the CPU is said.
    static DeviceSession open(Command command) {
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
            return new DeviceSession(binding, choice);
        } finally {
            if (!isChosen) {
                binding.close();
            }
        }
    }

    DeviceSelector.Choice choice() {
        return choice;
    }

    /// A machine with this device, sizes by default.
    EmulatorConfig config() {
        return EmulatorConfig.of(binding, choice.device());
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
                    "--memory, --device-memory: " + Objects.requireNonNull(failure.getMessage()));
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
