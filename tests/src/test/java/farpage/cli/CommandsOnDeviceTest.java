package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/// `devices` and `doctor` on the OpenCL platforms of this machine.
final class CommandsOnDeviceTest {
    @Test
    void everyDeviceIsListedWithBothBindingsUsable() {
        CommandRun run = CommandRun.of("devices", "--format=json");
        assertEquals(0, run.exitCode(), run.toString());
        List<String> lines = run.outLines();
        assertTrue(lines.getFirst().contains("\"context\":\"devices\""), lines.getFirst());
        assertTrue(lines.size() >= 2, run.toString());
        for (String line : lines.subList(1, lines.size())) {
            assertTrue(
                    line.contains("\"bindings\":{\"lwjgl\":\"usable\",\"jocl\":\"usable\"}"), line);
        }
        assertEquals(1, lines.stream().filter(line -> line.contains("\"chosen\":true")).count());
    }

    @Test
    void unknownDeviceIsExitCode3AndListsWhatThereIs() {
        CommandRun run = CommandRun.of("devices", "--device=no such device");
        assertEquals(3, run.exitCode());
        assertTrue(run.err().contains("there are: 0 "), run.err());
    }

    @Test
    void doctorFindsThisMachineFit() {
        CommandRun run = CommandRun.of("doctor", "--format=tap");
        assertEquals(0, run.exitCode(), run.toString());
        assertTrue(run.out().contains("kernels on device 0\n"), run.out());
        assertTrue(run.out().contains(" fail:0 "), run.out());
    }
}
