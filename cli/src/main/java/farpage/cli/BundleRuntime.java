package farpage.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import java.util.spi.ToolProvider;

/// A Java runtime with a few modules, made from the running one.
final class BundleRuntime {
    private final ToolProvider jlink;

    private BundleRuntime(ToolProvider jlink) {
        this.jlink = jlink;
    }

    /// The maker of runtimes; a runtime that was made has none itself.
    static BundleRuntime open() {
        return new BundleRuntime(
                ToolProvider.findFirst("jlink")
                        .orElseThrow(() ->
                                new CliFailure(
                                        ExitCode.USAGE,
                                        "the Java runtime in %s has no jlink; right would be"
                                                        .formatted(System.getProperty("java.home"))
                                                + " './farpage bundle' in a clone, with a JDK")));
    }

    /// Makes the runtime in a folder that does not exist yet.
    void make(Set<String> modules, Path folder) throws IOException {
        StringWriter said = new StringWriter();
        PrintWriter writer = new PrintWriter(said);
        int exitCode =
                jlink.run(
                        writer,
                        writer,
                        "--add-modules",
                        String.join(",", modules),
                        "--strip-debug",
                        "--no-header-files",
                        "--no-man-pages",
                        "--compress",
                        "zip-9",
                        "--output",
                        folder.toString());
        writer.flush();
        if (exitCode != 0) {
            throw failure("jlink of " + System.getProperty("java.home"), said.toString());
        }
        archiveClassData(folder);
    }

    /// Has the runtime make its archive of class data, which shortens every start. That of `jlink`
    /// itself would write to our standard output.
    private static void archiveClassData(Path folder) throws IOException {
        Process process =
                new ProcessBuilder(folder.resolve("bin/java").toString(), "-Xshare:dump")
                        .redirectErrorStream(true)
                        .start();
        process.getOutputStream().close();
        String said;
        try (InputStream output = process.getInputStream()) {
            said = new String(output.readAllBytes(), StandardCharsets.UTF_8);
        }
        try {
            if (process.waitFor() != 0) {
                throw failure("the runtime that jlink made", said);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new CliFailure(ExitCode.INTERRUPTED, "interrupted");
        }
    }

    private static CliFailure failure(String who, String said) {
        return new CliFailure(
                ExitCode.USAGE,
                "%s failed: %s".formatted(who, said.strip().replaceAll("\\s*\\R\\s*", "; ")));
    }
}
