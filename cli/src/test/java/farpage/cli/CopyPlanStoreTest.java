package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.calibration.CalibrationResult;
import farpage.emulator.calibration.CopyLayout;
import farpage.emulator.calibration.CopyRate;
import farpage.emulator.calibration.PlanDirection;
import farpage.emulator.copy.CopyMethod;
import farpage.emulator.copy.CopyPlan;
import farpage.emulator.copy.CopyTable;
import farpage.emulator.copy.CopyTable.Step;
import farpage.opencl.ClDeviceType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CopyPlanStoreTest {
    private static final CopyPlanKey KEY =
            CopyPlanKey.of(
                    FakeDevices.of("PoCL", "pthread-zen 3 (R)", ClDeviceType.CPU, true), "lwjgl");

    private final TestEnvironment test = new TestEnvironment();
    @TempDir private Path folder = Path.of("");

    @BeforeEach
    void cacheInAFolderOfTheTest() {
        test.variables.put("XDG_CACHE_HOME", folder.toString());
    }

    private CopyPlanStore store() {
        return new CopyPlanStore(test.environment());
    }

    private static CalibrationResult result(CopyMethod first) {
        return new CalibrationResult(
                new CopyPlan(
                        new CopyTable(
                                List.of(new Step(1, first), new Step(32, CopyMethod.STAGED_ITEM)),
                                16),
                        CopyTable.only(CopyMethod.STAGED_GROUP)),
                List.of(
                        new CopyRate(
                                PlanDirection.TO_SYSTEM,
                                new CopyLayout(512, 8),
                                CopyMethod.STAGED_GROUP,
                                1_234_567_891,
                                7)),
                Map.of(CopyMethod.MAPPED, "byte 5 of page 0 of 1 pages differs"),
                650_123_456,
                98_765_432);
    }

    private Path file() {
        return store().file(KEY).orElseThrow();
    }

    private List<String> files() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString())
                    .toList();
        }
    }

    @Test
    void whatIsKeptIsFoundAgain() throws IOException {
        assertEquals(Optional.empty(), store().keep(KEY, result(CopyMethod.DIRECT)));

        CopyPlanStore.Found found = store().find(KEY);

        assertEquals("", found.trouble());
        assertEquals(result(CopyMethod.DIRECT), found.stored().orElseThrow().result());
        assertEquals(List.of(KEY.fileName()), files());
    }

    @Test
    void fileIsNamedAfterTheDevice() {
        assertTrue(
                KEY.fileName().matches("pthread-zen-3-R-lwjgl-[0-9a-f]{12}\\.json"),
                KEY.fileName());
        assertTrue(file().startsWith(folder.resolve("farpage/copy-plans")), file().toString());
    }

    @Test
    void otherDriverBindingOrKernelsHaveAnotherPlan() {
        List<CopyPlanKey> others = new ArrayList<>();
        others.add(new CopyPlanKey("d", "2", "p", "1", "lwjgl", 2, "k"));
        others.add(new CopyPlanKey("d", "1", "q", "1", "lwjgl", 2, "k"));
        others.add(new CopyPlanKey("d", "1", "p", "2", "lwjgl", 2, "k"));
        others.add(new CopyPlanKey("d", "1", "p", "1", "jocl", 2, "k"));
        others.add(new CopyPlanKey("d", "1", "p", "1", "lwjgl", 1, "k"));
        others.add(new CopyPlanKey("d", "1", "p", "1", "lwjgl", 2, "l"));
        CopyPlanKey key = new CopyPlanKey("d", "1", "p", "1", "lwjgl", 2, "k");
        assertEquals(Optional.empty(), store().keep(key, result(CopyMethod.DIRECT)));

        for (CopyPlanKey other : others) {
            assertNotEquals(key.fileName(), other.fileName());
            assertTrue(store().find(other).stored().isEmpty(), other.toString());
        }
    }

    @Test
    void nothingKeptIsNoTrouble() {
        assertEquals(new CopyPlanStore.Found(Optional.empty(), ""), store().find(KEY));
    }

    @Test
    void fileThatIsCutOffOrOfAnotherFormatIsOfNoUse() throws IOException {
        assertEquals(Optional.empty(), store().keep(KEY, result(CopyMethod.DIRECT)));
        List<String> lines = Files.readAllLines(file());
        List<List<String>> broken = new ArrayList<>();
        broken.add(List.of());
        broken.add(List.of("nonsense"));
        broken.add(lines.subList(0, 1));
        broken.add(lines.subList(0, 3));
        broken.add(lines.subList(1, lines.size()));
        broken.add(replaced(lines, "\"format\":1", "\"format\":0"));
        broken.add(replaced(lines, "\"direct\"", "\"by hand\""));
        broken.add(replaced(lines, "\"fromPages\":32", "\"fromPages\":1"));
        broken.add(replaced(lines, "\"fromPages\":32", "\"fromPages\":\"many\""));
        broken.add(replaced(lines, "toSystem", "nowhere"));
        broken.add(replaced(lines, "\"reps\":7", "\"reps\":0"));

        for (List<String> content : broken) {
            Files.write(file(), content);

            CopyPlanStore.Found found = store().find(KEY);

            assertTrue(found.stored().isEmpty(), content.toString());
            assertTrue(found.trouble().contains(KEY.fileName()), found.trouble());
        }
    }

    private static List<String> replaced(List<String> lines, String from, String to) {
        List<String> replaced = lines.stream().map(line -> line.replace(from, to)).toList();
        assertNotEquals(lines, replaced, from);
        return replaced;
    }

    @Test
    void fileOfAnotherDeviceUnderThisNameIsOfNoUse() throws IOException {
        CopyPlanKey other = new CopyPlanKey("d", "1", "p", "1", "lwjgl", 2, "k");
        assertEquals(Optional.empty(), store().keep(other, result(CopyMethod.DIRECT)));
        Files.move(store().file(other).orElseThrow(), file());

        assertTrue(store().find(KEY).trouble().contains("another device"));
    }

    @Test
    void laterResultReplacesTheEarlierOne() throws IOException {
        assertEquals(Optional.empty(), store().keep(KEY, result(CopyMethod.DIRECT)));
        assertEquals(Optional.empty(), store().keep(KEY, result(CopyMethod.IN_PLACE_ITEM)));

        assertEquals(
                Optional.of(result(CopyMethod.IN_PLACE_ITEM).plan()), store().find(KEY).plan());
        assertEquals(1, files().size());
    }

    /// Whoever reads meanwhile sees one result or the other, whole.
    @Test
    void writersAtTheSameTimeDoNotSpoilEachOthersFile() throws Exception {
        assertEquals(Optional.empty(), store().keep(KEY, result(CopyMethod.DIRECT)));
        List<Thread> writers = new ArrayList<>();
        List<String> troubles = new java.util.concurrent.CopyOnWriteArrayList<>();
        for (CopyMethod method : List.of(CopyMethod.DIRECT, CopyMethod.IN_PLACE_ITEM)) {
            CopyPlanStore store = store();
            writers.add(
                    Thread.ofPlatform()
                            .start(() -> {
                                for (int i = 0; i < 50; i++) {
                                    store.keep(KEY, result(method)).ifPresent(troubles::add);
                                }
                            }));
        }
        for (int i = 0; i < 50; i++) {
            assertEquals("", store().find(KEY).trouble());
        }
        for (Thread writer : writers) {
            writer.join();
        }

        assertEquals(List.of(), troubles);
        assertEquals("", store().find(KEY).trouble());
        assertEquals(1, files().size());
    }

    @Test
    void folderThatCanNotBeMadeIsSaid() throws IOException {
        Files.writeString(folder.resolve("farpage"), "a file");

        String trouble = store().keep(KEY, result(CopyMethod.DIRECT)).orElseThrow();

        assertTrue(trouble.contains("cannot be written"), trouble);
    }

    @Test
    void cacheIsInTheHomeUnlessSaidOtherwise() {
        test.variables.remove("XDG_CACHE_HOME");
        test.variables.put("HOME", "/home/ada");
        assertEquals(
                Optional.of(Path.of("/home/ada/.cache/farpage")),
                CacheFolder.of(test.environment()));

        test.variables.put("XDG_CACHE_HOME", "relative");
        assertEquals(
                Optional.of(Path.of("/home/ada/.cache/farpage")),
                CacheFolder.of(test.environment()));

        test.variables.clear();
        assertEquals(Optional.empty(), CacheFolder.of(test.environment()));
        assertFalse(store().keep(KEY, result(CopyMethod.DIRECT)).isEmpty());
    }
}
