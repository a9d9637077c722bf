package farpage.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import farpage.launcher.LauncherSandbox.Result;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `bundle` makes, unpacked and run where there is no Java.
final class BundleTest {
    private static final long PACKED_BYTES_MAX = 60_000_000;
    private static final long TIMEOUT_SECONDS = 300;

    @TempDir private static Path temporary;
    private static Path archive = Path.of("");
    private static Path second = Path.of("");
    private static Result made = new Result(-1, "", "");
    private static UnpackedBundle bundle;

    @BeforeAll
    static void makeTwo() throws IOException {
        archive = temporary.resolve("farpage.tar.gz");
        second = temporary.resolve("second.tar.gz");
        LauncherSandbox.Started one =
                UnpackedBundle.startFromJars(temporary, "bundle", "--output=" + archive);
        LauncherSandbox.Started other =
                UnpackedBundle.startFromJars(temporary, "bundle", "--output=" + second);
        made = one.await(TIMEOUT_SECONDS);
        assertEquals(0, made.exitCode(), made.err());
        assertEquals(0, other.await(TIMEOUT_SECONDS).exitCode());
        bundle = UnpackedBundle.of(archive, temporary);
    }

    @Test
    void sameBuildMakesTheSameBytes() throws IOException {
        assertEquals(-1, Files.mismatch(archive, second));
    }

    @Test
    void sizeIsPrintedAndWithinTheLimit() throws IOException {
        long bytes = Files.size(archive);
        assertTrue(bytes < PACKED_BYTES_MAX, "" + bytes);
        assertTrue(
                made.out().startsWith("%s: %.1f MB packed, ".formatted(archive, bytes / 1e6)),
                made.out());
    }

    @Test
    void nothingButTheArchiveIsWritten() throws IOException {
        try (Stream<Path> files = Files.list(temporary)) {
            assertFalse(files.anyMatch(file -> file.toString().endsWith(".tmp")));
        }
        assertFalse(made.out().contains("CDS"), made.out());
    }

    @Test
    void holdsProgramRuntimeLoaderTracesAndLicences() {
        List<String> files = LauncherSandbox.filesUnder(bundle.folder);
        for (String file :
                List.of(
                        "LICENSE",
                        "NOTICE",
                        "README",
                        "bin/farpage",
                        "lib/opencl/libOpenCL.so.1",
                        "licences/lwjgl.txt",
                        "runtime/bin/java",
                        "runtime/legal/java.base/LICENSE",
                        "runtime/lib/server/classes.jsa",
                        "traces/basic.golden.gz")) {
            assertTrue(files.contains(file), file);
        }
        assertEquals(5, LauncherSandbox.read(bundle.folder.resolve("README")).lines().count());
    }

    @Test
    void everyJarIsInTheNotice() {
        String notice = LauncherSandbox.read(bundle.folder.resolve("NOTICE"));
        for (String jar : LauncherSandbox.filesUnder(bundle.folder.resolve("lib/modules"))) {
            String name = jar.replaceFirst("-[0-9].*", "");
            assertTrue(
                    Stream.of("/%s-", "{%s,", ",%s,", ",%s}")
                            .anyMatch(form -> notice.contains(form.formatted(name))),
                    jar);
        }
    }

    @Test
    void runtimeHasWhatTheJarsUse() throws IOException {
        StringWriter said = new StringWriter();
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "--multi-release",
                                "25",
                                "--ignore-missing-deps",
                                "--print-module-deps",
                                "--module-path",
                                bundle.folder.resolve("lib/modules").toString()));
        try (Stream<Path> jars = Files.list(bundle.folder.resolve("lib/modules"))) {
            jars.map(Path::toString).forEach(command::add);
        }
        PrintWriter writer = new PrintWriter(said);
        int exitCode =
                ToolProvider.findFirst("jdeps")
                        .orElseThrow()
                        .run(writer, writer, command.toArray(String[]::new));
        assertEquals(0, exitCode, said.toString());
        String release = LauncherSandbox.read(bundle.folder.resolve("runtime/release"));
        String modules = release.substring(release.indexOf("MODULES=\""));
        String needed = said.toString().strip().lines().reduce((_, last) -> last).orElseThrow();
        for (String module : needed.split(",", -1)) {
            assertTrue(modules.matches("(?s).*[\" ]" + module + "[\" ].*"), module + " " + release);
        }
    }

    @Test
    void runsThroughALinkWithoutJavaOnTheHostAndWritesNothingIntoItsFolder() throws IOException {
        Path link = Files.createSymbolicLink(temporary.resolve("link"), Path.of("a folder"));
        Path second = temporary.resolve("started");
        Files.createSymbolicLink(second, link.resolve("farpage/bin/farpage"));
        List<String> before = bundle.snapshot();
        Result result = bundle.run(second, bundle.environment(), "devices", "--format=json");
        assertEquals(0, result.exitCode(), result.err());
        assertTrue(result.out().contains("\"usable\":true"), result.out());
        assertEquals(before, bundle.snapshot());
    }

    @Test
    void recordedTracesReplayAndSelftestPasses() throws IOException {
        Path traces = bundle.folder.resolve("traces");
        Result replay =
                bundle.farpage(
                        "replay",
                        traces.resolve("fork.trace.gz").toString(),
                        "--golden=" + traces.resolve("fork.golden.gz"));
        assertEquals(0, replay.exitCode(), replay.err());
        assertTrue(replay.out().endsWith(" 0 differ\n"), replay.out());
        Result selftest =
                bundle.farpage("selftest", "--format=tap", "hmm_device_private.anon_read");
        assertEquals(0, selftest.exitCode(), selftest.err());
        assertTrue(selftest.out().contains("# Totals: pass:3 fail:0 "), selftest.out());
    }

    @Test
    void makesNoOther() throws IOException {
        Path file = temporary.resolve("other.tar.gz");
        Result result = bundle.farpage("bundle", "--output=" + file);
        assertEquals(2, result.exitCode());
        assertTrue(result.err().contains("has no jlink; right would be"), result.err());
        assertFalse(Files.exists(file));
    }

    /// PoCL stands in for the vendor's library. It looks for its own files beside itself.
    @Test
    void carriesTheLoaderAndFindsTheVendorsLibraryWhereNothingIsRegistered() throws IOException {
        Optional<Path> pocl = UnpackedBundle.installedPocl();
        assumeTrue(pocl.isPresent(), "PoCL is not installed");
        Path library = pocl.orElseThrow();
        Path system = temporary.resolve("system");
        Path driver = Files.createDirectories(system.resolve("usr/local/nvidia/lib64"));
        Path share = Files.createDirectories(system.resolve("usr/local/share"));
        List<Path> links =
                List.of(
                        Files.createSymbolicLink(driver.resolve("libnvidia-opencl.so.1"), library),
                        Files.createSymbolicLink(
                                driver.resolve("pocl"), library.resolveSibling("pocl")),
                        Files.createSymbolicLink(
                                share.resolve("pocl"), Path.of("/usr/share/pocl")));
        Map<String, String> environment = bundle.environment();
        environment.keySet().removeAll(List.of("OCL_ICD_VENDORS", "LD_LIBRARY_PATH"));
        environment.put("FARPAGE_SYSTEM_ROOT", system.toString());
        Result result = bundle.run(bundle.folder.resolve("bin/farpage"), environment, "doctor");
        for (Path link : links) {
            Files.delete(link);
        }
        assertEquals(0, result.exitCode(), result.out() + result.err());
        assertTrue(result.out().contains("farpage/lib/opencl/libOpenCL.so.1\n"), result.out());
        assertTrue(result.out().contains("nvidia.icd names libnvidia-opencl.so.1 "), result.out());
    }
}
