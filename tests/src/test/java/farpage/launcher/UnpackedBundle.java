package farpage.launcher;

import farpage.launcher.LauncherSandbox.Result;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Bundles made of the jars of this build, one of them unpacked in a folder whose name has a blank,
/// and an environment in which there is no Java.
final class UnpackedBundle {
    /// Where OpenCL lies, if the set-up had to say it, and compiled kernels.
    private static final List<String> KEPT_VARIABLES =
            List.of("OCL_ICD_VENDORS", "LD_LIBRARY_PATH", "LIBRARY_PATH", "POCL_CACHE_DIR");

    /// What the launcher and PoCL's compiler call.
    private static final List<String> COMMANDS =
            List.of(
                    "cksum",
                    "cp",
                    "grep",
                    "head",
                    "id",
                    "ld",
                    "mkdir",
                    "mktemp",
                    "mv",
                    "readlink",
                    "rm",
                    "sed");

    final Path folder;
    private final Path parent;
    private final Path work;
    private final Path commands;

    private UnpackedBundle(Path work) {
        this.work = work;
        parent = work.resolve("a folder");
        folder = parent.resolve("farpage");
        commands = work.resolve("commands");
    }

    static UnpackedBundle of(Path archive, Path work) throws IOException {
        UnpackedBundle bundle = new UnpackedBundle(work);
        Files.createDirectories(bundle.parent);
        Files.createDirectories(work.resolve("home"));
        Result unpacked =
                start(
                                work,
                                System.getenv(),
                                "tar",
                                "xzf",
                                archive.toString(),
                                "-C",
                                bundle.parent.toString())
                        .await();
        if (unpacked.exitCode() != 0) {
            throw new IllegalStateException(unpacked.err());
        }
        bundle.makeCommands();
        return bundle;
    }

    /// The program of this build, run from its jars with the files of this clone.
    static LauncherSandbox.Started startFromJars(Path work, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
        command.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("--add-modules", "org.lwjgl.natives"));
        command.addAll(List.of("-p", jars(), "-m", "farpage.cli/farpage.cli.Main"));
        command.addAll(List.of(arguments));
        Map<String, String> environment = new TreeMap<>(System.getenv());
        environment.put("FARPAGE_CLONE", Repository.root().toString());
        return start(work, environment, command.toArray(String[]::new));
    }

    private static String jars() throws IOException {
        Path target = Repository.root().resolve("cli/target");
        try (Stream<Path> files = Files.list(target)) {
            return Stream.concat(
                            Stream.of(target.resolve("lib")),
                            files.filter(file -> file.toString().endsWith(".jar")))
                    .map(Path::toString)
                    .collect(Collectors.joining(":"));
        }
    }

    /// Runs `bin/farpage` with nothing in the environment that is not needed.
    Result farpage(String... arguments) throws IOException {
        return run(folder.resolve("bin/farpage"), environment(), arguments);
    }

    Result run(Path program, Map<String, String> environment, String... arguments)
            throws IOException {
        return start(
                        work,
                        environment,
                        Stream.concat(Stream.of(program.toString()), Arrays.stream(arguments))
                                .toArray(String[]::new))
                .await();
    }

    Map<String, String> environment() {
        Map<String, String> environment = new TreeMap<>(System.getenv());
        environment.keySet().retainAll(KEPT_VARIABLES);
        environment.put("PATH", commands.toString());
        environment.put("HOME", work.resolve("home").toString());
        return environment;
    }

    private static LauncherSandbox.Started start(
            Path work, Map<String, String> environment, String... command) throws IOException {
        Path out = Files.createTempFile(work, "out", "");
        Path err = Files.createTempFile(work, "err", "");
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.environment().putAll(environment);
        builder.directory(work.toFile());
        builder.redirectOutput(out.toFile()).redirectError(err.toFile());
        return new LauncherSandbox.Started(builder.start(), out, err);
    }

    /// The library of a PoCL that the system has.
    static Optional<Path> installedPocl() throws IOException {
        Path folder = Path.of("/usr/lib/x86_64-linux-gnu");
        if (!Files.isDirectory(folder.resolve("pocl"))) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(
                            file -> file.getFileName().toString().matches("libpocl\\.so\\.[0-9]"))
                    .findFirst();
        }
    }

    private void makeCommands() throws IOException {
        Files.createDirectories(commands);
        for (String name : COMMANDS) {
            LauncherSandbox.executable(
                    commands.resolve(name), "#!/bin/sh\nexec /usr/bin/" + name + " \"$@\"\n");
        }
    }

    /// Every file with what tells that it was written to.
    List<String> snapshot() {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.sorted().map(UnpackedBundle::describe).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String describe(Path file) {
        try {
            return "%s %d %s".formatted(file, Files.size(file), Files.getLastModifiedTime(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
