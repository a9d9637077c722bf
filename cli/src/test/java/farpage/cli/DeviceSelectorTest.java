package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.opencl.ClDevice;
import farpage.opencl.ClDeviceType;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DeviceSelectorTest {
    private static final ClDevice POCL =
            FakeDevices.of("Portable Computing Language", "pthread-zen", ClDeviceType.CPU, true);
    private static final ClDevice BROKEN_GPU =
            FakeDevices.of("Vendor", "Graphics 500", ClDeviceType.GPU, false);
    private static final ClDevice GPU =
            FakeDevices.of("Vendor", "Graphics 900", ClDeviceType.GPU, true);
    private static final List<ClDevice> ALL = List.of(POCL, BROKEN_GPU, GPU);

    private static CliFailure failure(List<ClDevice> devices, String selection) {
        return assertThrows(CliFailure.class, () -> DeviceSelector.select(devices, selection));
    }

    @ParameterizedTest
    @CsvSource({"'', 2", "0, 0", "2, 2", "cpu, 0", "GPU, 2", "pocl, 0", "graphics, 2", "900$, 2"})
    void selectionTakesTheFirstUsableDeviceThatMatches(String selection, int index) {
        assertEquals(index, DeviceSelector.select(ALL, selection).index());
    }

    @Test
    void defaultFallsBackToTheCpu() {
        DeviceSelector.Choice choice = DeviceSelector.select(List.of(POCL, BROKEN_GPU), "");
        assertEquals(0, choice.index());
        assertTrue(choice.isFallback());
        assertFalse(DeviceSelector.select(ALL, "").isFallback());
    }

    @Test
    void unknownDeviceListsWhatThereIs() {
        CliFailure failure = failure(ALL, "nvidia");
        assertEquals(ExitCode.NO_DEVICE, failure.exitCode());
        assertEquals(
                "--device or FARPAGE_DEVICE: no device whose name has 'nvidia'; there are: 0 pthread-zen; 1 Graphics 500;"
                        + " 2 Graphics 900",
                Objects.requireNonNull(failure.getMessage()));
        assertEquals(ExitCode.NO_DEVICE, failure(ALL, "3").exitCode());
        assertEquals(ExitCode.NO_DEVICE, failure(List.of(POCL), "gpu").exitCode());
    }

    @Test
    void unusableDeviceIsRefusedWithTheReason() {
        CliFailure failure = failure(ALL, "1");
        assertEquals(ExitCode.NO_DEVICE, failure.exitCode());
        assertTrue(failure.toString().contains("CL_DEVICE_AVAILABLE"), failure.toString());
    }

    @Test
    void brokenExpressionIsAUsageError() {
        assertEquals(ExitCode.USAGE, failure(ALL, "[").exitCode());
    }

    @Test
    void nothingToSelectFromIsNoDevice() {
        assertEquals(ExitCode.NO_DEVICE, failure(List.of(), "").exitCode());
    }
}
