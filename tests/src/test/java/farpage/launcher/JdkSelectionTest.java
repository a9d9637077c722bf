package farpage.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.launcher.LauncherSandbox.Result;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Which JDK the launcher takes.
final class JdkSelectionTest {
    @TempDir Path temporary;
    private LauncherSandbox sandbox;

    @BeforeEach
    void makeSandbox() {
        sandbox = new LauncherSandbox(temporary);
        sandbox.openClPlatform();
    }

    @Test
    void javaHomeComesFirst() {
        Path named = sandbox.jdk(sandbox.folder.resolve("named jdk"), "25.0.1");
        sandbox.set("JAVA_HOME", named.toString());
        addToPath(sandbox.jdk(sandbox.folder.resolve("on path"), "26"));
        sandbox.jdk(sandbox.system.resolve("usr/lib/jvm/usual"), "27");

        assertEquals(named.resolve("bin/java").toString(), chosen());
    }

    @Test
    void pathComesBeforeTheUsualFolders() {
        Path onPath = sandbox.jdk(sandbox.folder.resolve("on path"), "25");
        addToPath(onPath);
        sandbox.jdk(sandbox.system.resolve("usr/lib/jvm/usual"), "25");

        assertEquals(onPath.resolve("bin/java").toString(), chosen());
    }

    @Test
    void olderOnesArePassedOver() {
        sandbox.set(
                "JAVA_HOME", sandbox.jdk(sandbox.folder.resolve("old"), "1.8.0_402").toString());
        addToPath(sandbox.jdk(sandbox.folder.resolve("on path"), "24.0.2"));
        sandbox.jdk(sandbox.system.resolve("usr/lib/jvm/jdk-17"), "17.0.15");
        Path good = sandbox.jdk(sandbox.home.resolve(".sdkman/candidates/java/25-tem"), "25-ea");

        assertEquals(good.resolve("bin/java").toString(), chosen());
    }

    @Test
    void runtimeWithoutCompilerIsPassedOver() {
        sandbox.javaRuntime(sandbox.system.resolve("usr/lib/jvm/a-runtime"), "25");
        Path jdk = sandbox.jdk(sandbox.system.resolve("usr/lib/jvm/b-jdk"), "25");

        assertEquals(jdk.resolve("bin/java").toString(), chosen());
    }

    @Test
    void commandThatStartsAnotherJavaIsAskedForItsHome() {
        Path jdk = sandbox.jdk(sandbox.folder.resolve("behind a shim"), "25");
        sandbox.command("java", "#!/bin/sh\necho '    java.home = " + jdk + "' >&2\n");

        assertEquals(jdk.resolve("bin/java").toString(), chosen());
    }

    @Test
    void refusalNamesWhatWasLookedAt() {
        sandbox.set("JAVA_HOME", sandbox.jdk(sandbox.folder.resolve("old"), "21.0.2").toString());
        sandbox.javaRuntime(sandbox.system.resolve("usr/lib/jvm/runtime"), "25");

        Result result = sandbox.farpage("devices");

        assertEquals(2, result.exitCode());
        assertTrue(result.err().startsWith("farpage: no JDK 25 or newer found"), result.err());
        assertTrue(result.err().contains("old (21.0.2)"), result.err());
        assertTrue(result.err().contains("runtime (25, but without javac)"), result.err());
        assertEquals(1, result.err().lines().count());
        assertEquals(0, sandbox.mavenCalls());
    }

    @Test
    void javaHomeThatHoldsNothingIsNamed() {
        sandbox.set("JAVA_HOME", "/no/such/jdk");

        Result result = sandbox.farpage("devices");

        assertEquals(2, result.exitCode());
        assertTrue(result.err().contains("/no/such/jdk (JAVA_HOME, no bin/java)"), result.err());
    }

    private void addToPath(Path jdk) {
        sandbox.set("PATH", sandbox.commands + ":" + jdk.resolve("bin"));
    }

    private String chosen() {
        Result result = sandbox.farpage("devices");
        assertEquals(0, result.exitCode(), result.err());
        return result.after("java: ");
    }
}
