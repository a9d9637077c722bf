package farpage.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.launcher.LauncherSandbox.Result;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `./check`: the same set-up, then the whole suite.
final class CheckTest {
    /// Builds for the launcher, and for `verify` tells what it was given and ends as it is told to.
    private static final String MAVEN =
            """
            #!/bin/sh
            mkdir -p cli/target/lib
            touch cli/target/lib/picocli-4.jar cli/target/cli-1.jar
            case $* in
                *verify*)
                    echo "[INFO] Copying a jar"
                    echo "[INFO] Tests run: 5, Failures: 0, arguments $*"
                    echo "[ERROR] java home $JAVA_HOME, no build $FARPAGE_NO_BUILD"
                    printf '\\033[0m'
                    exit ${FAKE_EXIT:-0}
                    ;;
            esac
            """;

    @TempDir Path temporary;
    private LauncherSandbox sandbox;

    @BeforeEach
    void makeSandbox() {
        sandbox = LauncherSandbox.complete(temporary);
        sandbox.command("mvn", MAVEN);
    }

    @Test
    void summaryLinesAreShownAndTheWholeLogIsKept() {
        Result result = check("-Dtest=Some Test");

        assertEquals(0, result.exitCode(), result.err());
        assertTrue(result.out().contains("verify -Dtest=Some Test\n"), result.out());
        assertTrue(!result.out().contains("Copying"), result.out());
        String log = LauncherSandbox.read(sandbox.clone.resolve("target/check.log"));
        assertTrue(log.contains("Copying"), log);
    }

    @Test
    void launchersThatTheTestsStartDoNotBuild() {
        String jdk = sandbox.system.resolve("usr/lib/jvm/jdk").toString();
        assertTrue(check().out().contains("java home " + jdk + ", no build 1"));
    }

    @Test
    void failingSuiteFailsTheCheck() {
        sandbox.set("FAKE_EXIT", "7");

        Result result = check();

        assertEquals(1, result.exitCode());
        assertTrue(result.err().contains("see " + sandbox.clone), result.err());
    }

    @Test
    void missingPlatformIsSetUpOrRefusedAsForTheLauncher() {
        sandbox.icd("libgone.so");
        sandbox.set("FARPAGE_NO_INSTALL", "1");

        assertEquals(3, check().exitCode());
    }

    private Result check(String... arguments) {
        return sandbox.run(sandbox.clone.resolve("check"), sandbox.home, arguments);
    }
}
