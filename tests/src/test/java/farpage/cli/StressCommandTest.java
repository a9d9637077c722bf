package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.opencl.ClBindings;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import farpage.opencl.inject.FaultPlan;
import farpage.opencl.inject.InjectingBinding;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `run stress` on real devices: threads and devices at once lose nothing and leave nothing.
final class StressCommandTest {
    private static CommandRun stress(String... more) {
        String[] all = new String[more.length + 2];
        all[0] = "run";
        all[1] = "stress";
        System.arraycopy(more, 0, all, 2, more.length);
        return CommandRun.of(all);
    }

    private static String digest(CommandRun run) {
        assertEquals(0, run.exitCode(), run.toString());
        return run.outLines().getLast();
    }

    @Test
    @Tag("T-2.11")
    void fourThreadsAndTwoDevicesLoseNothing() {
        CommandRun run = stress("--duration=5s", "--threads=4", "--devices=2", "--seed=7");
        assertEquals(0, run.exitCode(), run.toString());
        assertTrue(run.out().contains("none wrong; all pages were given back"), run.out());
        for (String kind : List.of("loads", "migrations to a device", "unmappings", "forks")) {
            assertTrue(run.out().matches("(?s).*[1-9][0-9,]* " + kind + "\n.*"), run.out());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"lwjgl", "jocl"})
    void digestDependsOnSeedAndSizesAlone(String binding) {
        String first = digest(stress("--duration=300ms", "--binding=" + binding));
        assertEquals("digest a6970db2b5f0d083", first);
        assertEquals(first, digest(stress("--duration=1s", "--device-memory=16M")));
        assertNotEquals(first, digest(stress("--duration=300ms", "--seed=2")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"two-pages", "unified"})
    @Tag("T-12.4")
    void devicesThatUseEachOthersMemoryLoseNothing(String form) {
        CommandRun run = stress("--duration=2s", "--devices=3", "--peer=" + form);
        assertEquals(0, run.exitCode(), run.toString());
        assertTrue(run.out().contains("none wrong; all pages were given back"), run.out());
        String accessed = "(?s).*peers +" + form + ", [1-9][0-9,]* pages accessed where they lay.*";
        assertTrue(run.out().matches(accessed), run.out());
        assertEquals(2, stress("--peer=both").exitCode());
    }

    @Test
    void rowTellsTheOperationsByKind() {
        CommandRun run = stress("--duration=300ms", "--format=json", "--devices=1");
        assertEquals(0, run.exitCode(), run.toString());
        String row = run.outLines().getLast();
        assertTrue(row.contains("\"name\":\"stress\""), row);
        assertTrue(row.contains("\"migrate_to_device\":"), row);
        assertTrue(row.contains("\"verified\":true"), row);
    }

    @Test
    void coherentDevicesWorkBesideTheOthers() {
        CommandRun run =
                stress("--duration=500ms", "--devices=1", "--coherent-devices=2", "--seed=3");
        assertEquals(0, run.exitCode(), run.toString());
        assertTrue(run.out().contains("4 CPU threads, 1 devices, 2 coherent devices"), run.out());
        assertTrue(run.out().contains("none wrong; all pages were given back"), run.out());
        CommandRun wrong = stress("--coherent-devices=17");
        assertEquals(2, wrong.exitCode(), wrong.toString());
        assertTrue(wrong.err().contains("right would be 0 to 16"), wrong.err());
    }

    @Test
    void interruptionEndsItWithNothingLeft() {
        CommandRun run = CommandRun.interruptedAfter(20, "run", "stress", "--duration=1h");
        assertEquals(130, run.exitCode(), run.toString());
    }

    @Test
    void deviceThatFailsEndsItWithNothingLeft() {
        FaultPlan plan =
                FaultPlan.seeded(
                        1,
                        100_000,
                        Set.of(CallKind.READ, CallKind.WRITE),
                        ClError.OUT_OF_RESOURCES);
        CommandRun run =
                CommandRun.on(
                        name -> new InjectingBinding(ClBindings.open(name), plan),
                        "run",
                        "stress",
                        "--duration=1h");
        assertEquals(3, run.exitCode(), run.toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--threads=0",
                "--devices=17",
                "--duration=soon",
                "--duration=99999999999h",
                "--trace=x"
            })
    void whatMakesNoSenseIsRefused(String option) {
        CommandRun run = stress(option);
        assertEquals(2, run.exitCode(), run.toString());
        assertTrue(run.err().contains("right would be"), run.err());
    }

    @Test
    void unknownWorkloadIsRefused() {
        CommandRun run = CommandRun.of("run", "dress");
        assertEquals(2, run.exitCode(), run.toString());
        assertTrue(run.err().contains("right would be stress"), run.err());
    }
}
