package farpage.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.launcher.LauncherSandbox.Result;
import farpage.launcher.LauncherSandbox.Started;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// When the launcher builds, and what a build that does not succeed leaves.
final class BuildTest {
    private static final String FAILING_MAVEN =
            """
            #!/bin/sh
            echo "$*" >>maven-calls
            rm -rf cli/target/lib cli/target/*.jar
            printf '[ERROR] Source.java: cannot find symbol\\033[0m\\n'
            exit 1
            """;

    @TempDir Path temporary;
    private LauncherSandbox sandbox;
    private Path source;

    @BeforeEach
    void makeSandbox() {
        sandbox = LauncherSandbox.complete(temporary);
        source = sandbox.clone.resolve("emulator/src/main/java/Source.java");
    }

    @Test
    void unchangedSourcesAreBuiltOnce() {
        Result first = sandbox.farpage("devices");
        Result second = sandbox.farpage("devices");

        assertTrue(first.err().startsWith("farpage: building"), first.err());
        assertEquals("", second.err());
        assertEquals(1, sandbox.mavenCalls());
    }

    @Test
    void newAndRemovedSourcesAreBuilt() throws IOException {
        sandbox.farpage("devices");

        sandbox.passTime();
        LauncherSandbox.write(source.resolveSibling("Another.java"), "");
        sandbox.farpage("devices");
        assertEquals(2, sandbox.mavenCalls());

        sandbox.passTime();
        Files.delete(source);
        sandbox.farpage("devices");
        assertEquals(3, sandbox.mavenCalls());
    }

    @Test
    void sourceSavedWhileMavenRunsIsBuiltNextTime() {
        sandbox.command(
                "mvn",
                LauncherSandbox.read(sandbox.commands.resolve("mvn"))
                        + "touch -t 209901010000 emulator/src/main/java/Source.java\n");
        sandbox.farpage("devices");
        sandbox.farpage("devices");

        assertEquals(2, sandbox.mavenCalls());
    }

    @Test
    void failedBuildShowsMavensErrorsAndStartsNothing() {
        sandbox.command("mvn", FAILING_MAVEN);

        Result result = sandbox.farpage("devices");

        assertEquals(2, result.exitCode());
        assertEquals("", result.out());
        assertTrue(
                result.err().contains("[ERROR] Source.java: cannot find symbol\n"), result.err());
        assertEquals(List.of("lock"), builds());
    }

    @Test
    void failedBuildLeavesTheOldOneAndIsRetried() {
        sandbox.farpage("devices");
        List<String> before = builds();
        String goodMaven = LauncherSandbox.read(sandbox.commands.resolve("mvn"));
        sandbox.passTime();
        LauncherSandbox.write(source, "broken");
        sandbox.command("mvn", FAILING_MAVEN);

        assertEquals(2, sandbox.farpage("devices").exitCode());
        assertEquals(before, builds());

        sandbox.set("FARPAGE_NO_BUILD", "1");
        assertEquals(0, sandbox.farpage("devices").exitCode());
        sandbox.unset("FARPAGE_NO_BUILD");

        sandbox.command("mvn", goodMaven);
        assertEquals(0, sandbox.farpage("devices").exitCode());
        assertEquals(3, sandbox.mavenCalls());
        assertNotEquals(before, builds());
    }

    @Test
    void interruptedBuildLeavesNothingAndIsRetried() {
        String goodMaven = LauncherSandbox.read(sandbox.commands.resolve("mvn"));
        sandbox.command("mvn", "#!/bin/sh\nmkdir -p cli/target/lib\nkill -INT $PPID\nexit 130\n");

        Result interrupted = sandbox.farpage("devices");

        assertEquals(130, interrupted.exitCode());
        assertEquals(List.of("lock"), builds());
        sandbox.command("mvn", goodMaven);
        assertEquals(0, sandbox.farpage("devices").exitCode());
    }

    @Test
    void launchersThatStartTogetherBuildOnce() {
        Path launcher = sandbox.clone.resolve("farpage");
        List<Started> started =
                List.of(
                        sandbox.start(launcher, sandbox.home, "devices"),
                        sandbox.start(launcher, sandbox.home, "devices"),
                        sandbox.start(launcher, sandbox.home, "devices"));

        for (Started launch : started) {
            Result result = launch.await();
            assertEquals(0, result.exitCode(), result.err());
        }
        assertEquals(1, sandbox.mavenCalls());
    }

    @Test
    void programThatRunsKeepsItsJarsWhileTheNextIsBuilt() {
        Path running = modulePath();
        sandbox.passTime();
        LauncherSandbox.write(source, "changed");
        Path next = modulePath();

        assertNotEquals(running, next);
        assertTrue(Files.exists(running.resolve("cli-1.jar")));
        sandbox.passTime();
        LauncherSandbox.write(source, "changed again");
        modulePath();
        assertTrue(Files.notExists(running));
    }

    @Test
    void mavenMissingIsSaidAndNotWorkedAround() throws IOException {
        Files.delete(sandbox.commands.resolve("mvn"));

        Result result = sandbox.farpage("devices");

        assertEquals(2, result.exitCode());
        assertTrue(result.err().startsWith("farpage: mvn not found"), result.err());
        assertEquals(1, result.err().lines().count());
    }

    @Test
    void mavenIsInstalledWithRootAndApt() throws IOException {
        Path maven = sandbox.commands.resolve("mvn");
        Path packaged = Files.move(maven, sandbox.folder.resolve("packaged"));
        sandbox.command("id", "#!/bin/sh\necho 0\n");
        sandbox.command(
                "apt-get",
                "#!/bin/sh\ncase $* in *' maven') cp '" + packaged + "' '" + maven + "' ;; esac\n");

        Result result = sandbox.farpage("devices");

        assertEquals(0, result.exitCode(), result.err());
        assertTrue(result.err().contains("installing maven with apt-get"), result.err());
    }

    private Path modulePath() {
        List<String> arguments = sandbox.farpage("devices").arguments();
        return Path.of(arguments.get(arguments.indexOf("-p") + 1));
    }

    private List<String> builds() {
        return LauncherSandbox.filesUnder(sandbox.clone.resolve("cli/target/farpage"));
    }
}
