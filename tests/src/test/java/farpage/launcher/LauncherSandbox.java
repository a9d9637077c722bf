package farpage.launcher;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A clone, a home and a system made of stand-ins, in one temporary folder whose name has a space.
final class LauncherSandbox {
    private static final long TIMEOUT_SECONDS = 60;

    /// All that the scripts may call besides the stand-ins.
    private static final List<String> COMMANDS =
            List.of(
                    "awk",
                    "basename",
                    "cat",
                    "chmod",
                    "cksum",
                    "cp",
                    "cut",
                    "date",
                    "dirname",
                    "env",
                    "find",
                    "flock",
                    "grep",
                    "head",
                    "ln",
                    "ls",
                    "mkdir",
                    "mktemp",
                    "mv",
                    "readlink",
                    "rm",
                    "sed",
                    "sh",
                    "sort",
                    "tail",
                    "tee",
                    "touch",
                    "tr",
                    "uname");

    /// Prints how it was called, and ends as it is told to.
    private static final String JAVA =
            """
            #!/bin/sh
            echo "java: $0"
            echo "folder: $(pwd)"
            echo "input: $(readlink /proc/$$/fd/0)"
            for argument in "$@"; do echo "argument: $argument"; done
            env | grep -E '^(OCL_ICD_VENDORS|LD_LIBRARY_PATH|LIBRARY_PATH|PATH|POCL_CACHE_DIR)='
            exit ${FAKE_EXIT:-0}
            """;

    private static final String MAVEN =
            """
            #!/bin/sh
            echo "$*" >>maven-calls
            mkdir -p cli/target/lib
            touch cli/target/lib/picocli-4.jar cli/target/cli-1.jar
            """;

    final Path folder;
    final Path clone;
    final Path home;
    final Path system;
    final Path commands;
    private final Map<String, String> environment = new TreeMap<>();

    LauncherSandbox(Path temporary) {
        folder = temporary.resolve("a folder");
        clone = folder.resolve("clone");
        home = folder.resolve("home");
        system = folder.resolve("system");
        commands = folder.resolve("commands");
        try {
            Files.createDirectories(home);
            Files.createDirectories(system.resolve("usr/lib"));
            Files.createDirectories(commands);
            copyScripts();
            for (String module : List.of("host-mm", "opencl-kernels", "emulator", "cli")) {
                write(clone.resolve(module + "/pom.xml"), "<project/>");
                write(clone.resolve(module + "/src/main/java/Source.java"), "");
            }
            write(clone.resolve("pom.xml"), "<project/>");
            write(clone.resolve(".mvn/jvm.config"), "");
            for (String command : COMMANDS) {
                command(command, "#!/bin/sh\nexec " + realCommand(command) + " \"$@\"\n");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        command("mvn", MAVEN);
        command("id", "#!/bin/sh\necho 1000\n");
        set("HOME", home.toString());
        set("PATH", commands.toString());
        set("TMPDIR", folder.toString());
        set("FARPAGE_SYSTEM_ROOT", system.toString());
    }

    /// A sandbox in which nothing is missing: a JDK in a usual folder, a platform, a loader.
    static LauncherSandbox complete(Path temporary) {
        LauncherSandbox sandbox = new LauncherSandbox(temporary);
        sandbox.jdk(sandbox.system.resolve("usr/lib/jvm/jdk"), "25.0.3");
        sandbox.openClPlatform();
        return sandbox;
    }

    /// One in which only OpenCL is missing.
    static LauncherSandbox withoutOpenCl(Path temporary) {
        LauncherSandbox sandbox = new LauncherSandbox(temporary);
        sandbox.jdk(sandbox.system.resolve("usr/lib/jvm/jdk"), "25.0.3");
        return sandbox;
    }

    void set(String variable, String value) {
        environment.put(variable, value);
    }

    void unset(String variable) {
        environment.remove(variable);
    }

    Path jdk(Path jdk, String version) {
        javaRuntime(jdk, version);
        executable(jdk.resolve("bin/javac"), "#!/bin/sh\n");
        return jdk;
    }

    void javaRuntime(Path jdk, String version) {
        executable(jdk.resolve("bin/java"), JAVA);
        write(jdk.resolve("release"), "IMPLEMENTOR=\"X\"\nJAVA_VERSION=\"" + version + "\"\n");
    }

    void command(String name, String script) {
        executable(commands.resolve(name), script);
    }

    void openClLoader() {
        write(system.resolve("usr/lib/x86_64-linux-gnu/libOpenCL.so.1"), "");
    }

    /// An .icd file in the usual folder that names `library`.
    void icd(String library) {
        write(system.resolve("etc/OpenCL/vendors/vendor.icd"), library + "\n");
    }

    void openClPlatform() {
        openClLoader();
        write(system.resolve("usr/lib/x86_64-linux-gnu/libvendor.so.1"), "");
        icd("libvendor.so.1");
    }

    /// Makes all that the clone holds ten seconds older: what is written next is newer without
    /// doubt, whatever the resolution of the file system's clock.
    void passTime() {
        try (Stream<Path> files = Files.walk(clone)) {
            for (Path file : files.toList()) {
                Instant time = Files.getLastModifiedTime(file).toInstant();
                Files.setLastModifiedTime(file, FileTime.from(time.minusSeconds(10)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// How often Maven was started.
    long mavenCalls() {
        Path calls = clone.resolve("maven-calls");
        return Files.exists(calls) ? read(calls).lines().count() : 0;
    }

    /// Runs `./farpage` of the clone from the home folder.
    Result farpage(String... arguments) {
        return run(clone.resolve("farpage"), home, arguments);
    }

    Result run(Path program, Path workingFolder, String... arguments) {
        return start(program, workingFolder, arguments).await();
    }

    Started start(Path program, Path workingFolder, String... arguments) {
        try {
            Path out = Files.createTempFile(folder, "out", "");
            Path err = Files.createTempFile(folder, "err", "");
            ProcessBuilder builder =
                    new ProcessBuilder(
                            Stream.concat(Stream.of(program.toString()), Arrays.stream(arguments))
                                    .toList());
            builder.environment().clear();
            builder.environment().putAll(environment);
            builder.directory(workingFolder.toFile());
            builder.redirectOutput(out.toFile()).redirectError(err.toFile());
            return new Started(builder.start(), out, err);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Every file under `root`, as paths relative to it; none where there is no such folder.
    static List<String> filesUnder(Path root) {
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> root.relativize(file).toString())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void write(Path file, String text) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void executable(Path file, String text) {
        write(file, text);
        try {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void copyScripts() throws IOException {
        Path repository = Repository.root();
        for (String script : List.of("farpage", "check")) {
            executable(clone.resolve(script), read(repository.resolve(script)));
        }
        for (Path script : Repository.shellSources()) {
            Path copy = clone.resolve(repository.relativize(script).toString());
            write(copy, read(script));
        }
    }

    private static Path realCommand(String name) {
        for (String bin : List.of("/usr/bin", "/bin")) {
            Path file = Path.of(bin, name);
            if (Files.isExecutable(file)) {
                return file;
            }
        }
        throw new IllegalStateException("command: name=" + name + ", limit=/usr/bin and /bin");
    }

    /// A program that runs, and the files that take what it says.
    record Started(Process process, Path out, Path err) {
        Result await() {
            return await(TIMEOUT_SECONDS);
        }

        Result await(long timeoutSeconds) {
            try (InputStream _ = process.getInputStream()) {
                if (!process.waitFor(timeoutSeconds, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    throw new IllegalStateException("still running: " + read(err));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while a script ran", e);
            }
            return new Result(process.exitValue(), read(out), read(err));
        }
    }

    /// What a program answered.
    record Result(int exitCode, String out, String err) {
        List<String> arguments() {
            return out.lines()
                    .filter(line -> line.startsWith("argument: "))
                    .map(line -> line.substring("argument: ".length()))
                    .toList();
        }

        /// What follows `label` on the line of output that begins with it; empty without one.
        String after(String label) {
            return out.lines()
                    .filter(line -> line.startsWith(label))
                    .map(line -> line.substring(label.length()))
                    .findFirst()
                    .orElse("");
        }
    }
}
