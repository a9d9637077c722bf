package farpage.emulator.selftest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.peer.PeerMode;
import farpage.mm.PageSize;
import farpage.mm.file.FileBackedMode;
import farpage.mm.memory.FolioOrders;
import farpage.mm.physical.NumberSpace;
import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// The cases of the kernel's test program on machines with the switches in every combination.
///
/// Each case runs with some of the combinations, in turn, so that each of these runs many cases;
/// `-Dfarpage.matrix=all` runs every case with all of them. The table in docs/SELFTEST.md lists the
/// switches.
final class SelftestMatrixTest {
    /// So small that the benchmark leaves out its large buffers, which take long.
    private static final long RAM_SIZE = 128L << 20;

    /// Every so many combinations a case runs with one.
    private static final int STRIDE = 27;

    /// Each has one folio of 2 MiB refused, so a device without any fails them.
    private static final Set<String> NEED_LARGE_FOLIOS =
            Set.of("migrate_anon_huge_err", "migrate_anon_huge_zero_err");

    /// A way to set one switch.
    private record Setting(String name, UnaryOperator<EmulatorConfig> change) {}

    /// A setting of each switch.
    private record Combination(List<Setting> settings) {
        private EmulatorConfig apply(EmulatorConfig config) {
            EmulatorConfig changed = config;
            for (Setting setting : settings) {
                changed = setting.change().apply(changed);
            }
            return changed;
        }

        private String name() {
            return String.join(" ", settings.stream().map(Setting::name).toList());
        }
    }

    /// Each switch with its settings. A new one is a line here.
    private static final List<List<Setting>> SWITCHES =
            List.of(
                    Stream.of(NumberSpace.values())
                            .map(space ->
                                    new Setting(
                                            space.label(), config -> config.withNumberSpace(space)))
                            .toList(),
                    Stream.of(FolioOrders.BASE, FolioOrders.PMD, FolioOrders.ALL)
                            .map(orders ->
                                    new Setting(
                                            "orders " + orders,
                                            config -> config.withOrders(orders)))
                            .toList(),
                    Stream.of(FileBackedMode.values())
                            .map(mode ->
                                    new Setting(
                                            "file-backed " + mode,
                                            config -> config.withFileBacked(mode)))
                            .toList(),
                    List.of(
                            new Setting("alone", config -> config),
                            new Setting(
                                    "peers unified, collapse",
                                    config ->
                                            config.withPeerMode(PeerMode.UNIFIED)
                                                    .withCollapse(true)),
                            new Setting(
                                    "peers by two pages",
                                    config -> config.withPeerMode(PeerMode.TWO_PAGES))));

    private final ClBinding binding = ClBindings.open("lwjgl");

    @AfterEach
    void closeBinding() {
        binding.close();
    }

    private static List<Combination> combinations() {
        List<Combination> combinations = List.of(new Combination(List.of()));
        for (List<Setting> settings : SWITCHES) {
            List<Combination> longer = new ArrayList<>();
            for (Combination combination : combinations) {
                for (Setting setting : settings) {
                    List<Setting> more = new ArrayList<>(combination.settings());
                    more.add(setting);
                    longer.add(new Combination(more));
                }
            }
            combinations = longer;
        }
        return combinations;
    }

    @TestFactory
    Stream<DynamicTest> everyCasePassesWithEverySwitch() {
        List<Combination> combinations = combinations();
        assertEquals(
                SWITCHES.stream().mapToInt(List::size).reduce(1, Math::multiplyExact),
                combinations.size());
        boolean isAll = System.getProperty("farpage.matrix", "").equals("all");
        return IntStream.range(0, combinations.size())
                .boxed()
                .flatMap(place -> tests(combinations.get(place), isAll ? -1 : place % STRIDE));
    }

    /// @param turn which cases run: each of so many; -1 for all
    private Stream<DynamicTest> tests(Combination combination, int turn) {
        EmulatorConfig config =
                combination.apply(
                        EmulatorConfig.of(binding, binding.devices().getFirst())
                                .withRamSize(RAM_SIZE)
                                .withDeviceMemory(RAM_SIZE)
                                .withChunkSize(RAM_SIZE / 2)
                                .withCoherentDeviceCount(2));
        SelftestRunner runner =
                new SelftestRunner(() -> new Emulator(config), 1, SelftestRunner.LIMIT_DEFAULT);
        List<SelftestRun> runs = SelftestSuite.runs(config.fileBacked());
        boolean hasLarge = config.orders().contains(PageSize.HPAGE_PMD_ORDER);
        return IntStream.range(0, runs.size())
                .filter(i -> turn < 0 || i % STRIDE == turn)
                .mapToObj(runs::get)
                .filter(run -> hasLarge || !NEED_LARGE_FOLIOS.contains(run.caseName()))
                .map(run ->
                        DynamicTest.dynamicTest(
                                combination.name() + ": " + run.name(), () -> pass(runner, run)));
    }

    /// Pages of files stay away from device-coherent memory.
    private static void pass(SelftestRunner runner, SelftestRun run) {
        SelftestResult result = runner.execute(run);
        boolean isSkipped = result.status() == SelftestResult.Status.SKIPPED;
        if (isSkipped) {
            assertEquals(SelftestVariant.DEVICE_COHERENT, run.variant());
            assertTrue(run.caseName().startsWith("migrate_f"), run.name());
            return;
        }
        assertEquals("", String.join("\n", result.lines()));
        assertEquals(SelftestResult.Status.PASSED, result.status());
    }
}
