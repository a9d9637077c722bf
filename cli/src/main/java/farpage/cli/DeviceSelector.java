package farpage.cli;

import farpage.opencl.ClDevice;
import farpage.opencl.ClDeviceType;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Chooses a device by what the user wrote in `--device`.
final class DeviceSelector {
    /// A chosen device.
    ///
    /// @param index its place in the list of all devices
    /// @param isFallback whether the CPU was taken because there is no GPU
    record Choice(ClDevice device, int index, boolean isFallback) {
        String name() {
            return device.info().name();
        }
    }

    private static final String POCL_PLATFORM = "Portable Computing Language";
    private static final int INDEX_DIGITS_MAX = 4;

    private DeviceSelector() {}

    /// @param devices all devices, in the order of `farpage devices`
    /// @param selection the value of `--device`, or an empty text for the default
    static Choice select(List<ClDevice> devices, String selection) {
        if (devices.isEmpty()) {
            throw new CliFailure(
                    ExitCode.NO_DEVICE,
                    "no OpenCL device found; 'farpage doctor' tells what to install");
        }
        if (selection.isEmpty()) {
            return byDefault(devices);
        }
        if (selection.chars().allMatch(c -> c >= '0' && c <= '9')
                && selection.length() <= INDEX_DIGITS_MAX) {
            int index = Integer.parseInt(selection);
            if (index >= devices.size()) {
                throw unknown(devices, "no device " + selection);
            }
            return usable(devices, index);
        }
        return switch (selection.toLowerCase(Locale.ROOT)) {
            case "cpu" -> first(devices, isType(ClDeviceType.CPU), "no CPU device");
            case "gpu" -> first(devices, isType(ClDeviceType.GPU), "no GPU device");
            case "pocl" -> first(devices, DeviceSelector::isPocl, "no PoCL device");
            default -> byName(devices, selection);
        };
    }

    /// Whether the device is one of PoCL's.
    static boolean isPocl(ClDevice device) {
        return device.platform().name().contains(POCL_PLATFORM);
    }

    private static Choice byDefault(List<ClDevice> devices) {
        for (ClDeviceType type :
                List.of(ClDeviceType.GPU, ClDeviceType.CPU, ClDeviceType.ACCELERATOR)) {
            for (int index = 0; index < devices.size(); index++) {
                ClDevice device = devices.get(index);
                if (device.info().type() == type && device.info().obstacle().isEmpty()) {
                    return new Choice(device, index, type != ClDeviceType.GPU);
                }
            }
        }
        throw unknown(devices, "no usable device");
    }

    private static Choice byName(List<ClDevice> devices, String selection) {
        try {
            Pattern pattern = Pattern.compile(selection, Pattern.CASE_INSENSITIVE);
            return first(
                    devices,
                    device -> pattern.matcher(device.info().name()).find(),
                    "no device whose name has '" + selection + "'");
        } catch (PatternSyntaxException failure) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "--device or FARPAGE_DEVICE: '%s' is no regular expression (%s); right would be an index, cpu, gpu,"
                                    .formatted(selection, failure.getDescription())
                            + " pocl or part of a name");
        }
    }

    private static Predicate<ClDevice> isType(ClDeviceType type) {
        return device -> device.info().type() == type;
    }

    /// The first device that matches and is usable; if none is usable, the first that matches tells
    /// why not.
    private static Choice first(
            List<ClDevice> devices, Predicate<ClDevice> matches, String missing) {
        int[] matching =
                IntStream.range(0, devices.size())
                        .filter(index -> matches.test(devices.get(index)))
                        .toArray();
        if (matching.length == 0) {
            throw unknown(devices, missing);
        }
        for (int index : matching) {
            if (devices.get(index).info().obstacle().isEmpty()) {
                return new Choice(devices.get(index), index, false);
            }
        }
        return usable(devices, matching[0]);
    }

    private static Choice usable(List<ClDevice> devices, int index) {
        ClDevice device = devices.get(index);
        if (device.info().obstacle().isPresent()) {
            throw unknown(
                    devices,
                    "device %d (%s) cannot be used: %s"
                            .formatted(
                                    index, device.info().name(), device.info().obstacle().get()));
        }
        return new Choice(device, index, false);
    }

    private static CliFailure unknown(List<ClDevice> devices, String what) {
        String list =
                IntStream.range(0, devices.size())
                        .mapToObj(index -> index + " " + devices.get(index).info().name())
                        .collect(Collectors.joining("; "));
        return new CliFailure(
                ExitCode.NO_DEVICE,
                "--device or FARPAGE_DEVICE: %s; there are: %s".formatted(what, list));
    }
}
