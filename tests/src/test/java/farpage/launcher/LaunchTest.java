package farpage.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.launcher.LauncherSandbox.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How the program is started once everything is there.
final class LaunchTest {
    private static final String MAIN = "farpage.cli/farpage.cli.Main";

    @TempDir Path temporary;

    @Test
    void argumentsReachTheProgramUnchanged() {
        LauncherSandbox sandbox = LauncherSandbox.complete(temporary);

        List<String> arguments =
                sandbox.farpage("run", "--trace=a file.gz", "*", "$HOME", "").arguments();

        assertEquals(
                List.of("run", "--trace=a file.gz", "*", "$HOME", ""),
                arguments.subList(arguments.indexOf(MAIN) + 1, arguments.size()));
    }

    @Test
    void workingFolderIsTheCallers() throws IOException {
        LauncherSandbox sandbox = LauncherSandbox.complete(temporary);
        Path elsewhere = Files.createDirectories(sandbox.folder.resolve("some where"));

        Result result = sandbox.run(sandbox.clone.resolve("farpage"), elsewhere, "devices");

        assertEquals(elsewhere.toString(), result.after("folder: "));
    }

    @Test
    void launcherMayBeCalledThroughLinks() throws IOException {
        LauncherSandbox sandbox = LauncherSandbox.complete(temporary);
        Path first = sandbox.folder.resolve("first");
        Files.createSymbolicLink(first, Path.of("clone/farpage"));
        Path second = Files.createSymbolicLink(sandbox.home.resolve("second"), first);

        assertEquals(0, sandbox.run(second, sandbox.home, "devices").exitCode());
    }

    @Test
    void closedStandardInputIsAnEmptyOne() {
        LauncherSandbox sandbox = LauncherSandbox.complete(temporary);
        String farpage = sandbox.clone.resolve("farpage").toString();

        Result result =
                sandbox.run(
                        Path.of("/bin/sh"), sandbox.home, "-c", "exec \"$0\" devices <&-", farpage);

        assertEquals("/dev/null", result.after("input: "));
    }

    @Test
    void exitCodeIsTheProgramsOwn() {
        LauncherSandbox sandbox = LauncherSandbox.complete(temporary);
        sandbox.set("FAKE_EXIT", "70");

        assertEquals(70, sandbox.farpage("devices").exitCode());
    }

    @Test
    void optionsOfTheUserComeAfterTheDefaults() {
        LauncherSandbox sandbox = LauncherSandbox.complete(temporary);
        sandbox.set("FARPAGE_JAVA_OPTS", "-Xmx2g  -ea");

        List<String> arguments = sandbox.farpage("devices").arguments();

        assertTrue(arguments.indexOf("-Xmx1g") < arguments.indexOf("-Xmx2g"), "" + arguments);
        assertTrue(arguments.indexOf("-da") < arguments.indexOf("-ea"), "" + arguments);
        assertTrue(arguments.indexOf("-Xmx1g") >= 0, "" + arguments);
        assertTrue(arguments.indexOf("-da") >= 0, "" + arguments);
    }

    @Test
    void assertionsAreOnWhereTheModelIsChecked() {
        LauncherSandbox sandbox = LauncherSandbox.complete(temporary);

        assertTrue(sandbox.farpage("selftest").arguments().contains("-ea"));
        assertTrue(sandbox.farpage("replay", "x.trace").arguments().contains("-ea"));
        assertTrue(sandbox.farpage("run", "stress").arguments().contains("-ea"));
        assertTrue(sandbox.farpage("bench", "migrate").arguments().contains("-da"));
        assertTrue(sandbox.farpage("run", "gups").arguments().contains("-da"));
    }

    @Test
    void librariesAreTakenInTheirFormForJavaBefore25() {
        LauncherSandbox sandbox = LauncherSandbox.complete(temporary);

        List<String> arguments = sandbox.farpage("devices").arguments();

        assertTrue(arguments.contains("-Djdk.util.jar.version=24"), "" + arguments);
    }

    @Test
    void modulePathHoldsTheBuiltJars() {
        LauncherSandbox sandbox = LauncherSandbox.complete(temporary);

        List<String> arguments = sandbox.farpage("devices").arguments();
        Path modulePath = Path.of(arguments.get(arguments.indexOf("-p") + 1));

        List<String> files = LauncherSandbox.filesUnder(modulePath);
        assertTrue(files.containsAll(List.of("cli-1.jar", "picocli-4.jar")), "" + files);
    }

    @Test
    void folderThatNoModulePathCanNameIsRefused() throws IOException {
        LauncherSandbox sandbox = LauncherSandbox.complete(temporary);
        Path colon = Files.move(sandbox.clone, sandbox.folder.resolve("a:clone"));

        Result result = sandbox.run(colon.resolve("farpage"), sandbox.home, "devices");

        assertEquals(2, result.exitCode());
        assertTrue(result.err().contains("colon"), result.err());
    }

    @Test
    void kernelCacheMovesWhenTheHomeCannotBeWritten() {
        LauncherSandbox sandbox = LauncherSandbox.complete(temporary);
        sandbox.set("HOME", "/dev/null");
        sandbox.command("id", "#!/bin/sh\necho 4711\n");

        String cache = sandbox.farpage("devices").after("POCL_CACHE_DIR=");

        assertEquals(sandbox.folder.resolve("farpage-4711/kernels").toString(), cache);
    }
}
