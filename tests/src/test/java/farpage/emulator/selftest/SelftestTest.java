package farpage.emulator.selftest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Each case of the kernel's test program, on either kind of device and through either binding, is
/// a test here.
final class SelftestTest {
    /// So small that the benchmark leaves out its large buffers, which take long.
    private static final long RAM_SIZE = 128L << 20;

    private List<ClBinding> bindings = List.of();

    @TestFactory
    Stream<DynamicTest> everyCasePasses() {
        bindings = List.of(ClBindings.open("lwjgl"), ClBindings.open("jocl"));
        return bindings.stream().flatMap(SelftestTest::tests);
    }

    @AfterEach
    void closeBindings() {
        bindings.forEach(ClBinding::close);
    }

    private static Stream<DynamicTest> tests(ClBinding binding) {
        SelftestRunner runner =
                new SelftestRunner(
                        () ->
                                new Emulator(
                                        EmulatorConfig.of(binding, binding.devices().getFirst())
                                                .withRamSize(RAM_SIZE)
                                                .withDeviceMemory(RAM_SIZE)
                                                .withChunkSize(RAM_SIZE / 2)
                                                .withCoherentDeviceCount(2)),
                        1,
                        SelftestRunner.LIMIT_DEFAULT);
        return SelftestSuite.runs().stream()
                .map(run ->
                        DynamicTest.dynamicTest(
                                binding.name() + " " + run.name(), () -> pass(runner, run)));
    }

    private static void pass(SelftestRunner runner, SelftestRun run) {
        SelftestResult result = runner.execute(run);
        assertEquals("", String.join("\n", result.lines()));
        assertEquals(SelftestResult.Status.PASSED, result.status());
    }
}
