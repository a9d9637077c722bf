package farpage.emulator.selftest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.opentest4j.TestAbortedException;

/// Each case of the kernel's test program, on either kind of device and through either binding, is
/// a test here.
final class SelftestTest {
    /// Why a case may be skipped. Any other reason fails the test.
    private static final Set<String> REASONS =
            Set.of(SelftestSuite.NO_HUGE_PAGES, SelftestSuite.NO_HUGETLB_PAGE);

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
        if (result.status() == SelftestResult.Status.SKIPPED) {
            assertTrue(REASONS.contains(result.reason()), result::reason);
            throw new TestAbortedException(result.reason());
        }
        assertEquals("", String.join("\n", result.lines()));
        assertEquals(SelftestResult.Status.PASSED, result.status());
    }
}
