package farpage.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// PoCL with two devices, in a process of its own.
class TwoDevicesTest {
    private static final long TIMEOUT_SECONDS = 120;

    @TempDir Path temporary;

    @ParameterizedTest
    @ValueSource(strings = {"lwjgl", "jocl"})
    void secondDeviceReadsWhatTheFirstWrote(String binding)
            throws IOException, InterruptedException {
        expectAgreement(TwoDevices.class, "pthread pthread", binding, "events");
    }

    @ParameterizedTest
    @ValueSource(strings = {"lwjgl", "jocl"})
    void devicesOfTwoKindsReadWhatTheOtherWrote(String binding)
            throws IOException, InterruptedException {
        expectAgreement(TwoDevices.class, "basic pthread", binding, "host");
    }

    @ParameterizedTest
    @ValueSource(strings = {"lwjgl", "jocl"})
    @Tag("T-12.1")
    void emulatedDevicesUseEachOthersMemory(String binding)
            throws IOException, InterruptedException {
        expectAgreement(TwoDevicePeers.class, "basic pthread", binding);
    }

    /// A process that hangs ends the test, not the suite: its output goes to a file.
    private void expectAgreement(Class<?> program, String devices, String... arguments)
            throws IOException, InterruptedException {
        Path out = temporary.resolve("out");
        ProcessBuilder builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-ea",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-cp",
                        System.getProperty("java.class.path"),
                        program.getName());
        builder.command().addAll(List.of(arguments));
        builder.environment().put("POCL_DEVICES", devices);
        builder.redirectErrorStream(true).redirectOutput(out.toFile());
        Process process = builder.start();
        boolean ended = process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        process.destroyForcibly();
        String output = Files.readString(out);
        assertTrue(ended, output);
        assertEquals(0, process.exitValue(), output);
        assertTrue(output.contains("two devices agree"), output);
    }
}
