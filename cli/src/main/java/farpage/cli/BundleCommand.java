package farpage.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import picocli.CommandLine;

/// `bundle`: the program with all it needs in one archive, for a host without Java and network.
@CommandLine.Command(
        name = "bundle",
        mixinStandardHelpOptions = true,
        versionProvider = FarpageCommand.Version.class,
        sortOptions = false,
        description = {
            "Packs the program, a trimmed Java runtime and an ICD loader into a .tar.gz for a GPU host"
                    + " with no Java and no network. It unpacks to a folder 'farpage', in which"
                    + " bin/farpage takes the same commands.",
            "The same build makes the same bytes. The archive goes to --output, and what is in it to"
                    + " standard output."
        },
        footer = {
            "",
            "Examples:",
            "  farpage bundle --output=farpage.tar.gz",
            "  farpage bundle --output=/tmp/farpage.tar.gz --format=json"
        })
final class BundleCommand extends Command {
    /// Where ./farpage says that its clone lies; it is no part of a bundle.
    private static final String CLONE_VARIABLE = "FARPAGE_CLONE";

    private static final List<String> SCRIPTS =
            List.of("common.sh", "jdk.sh", "opencl.sh", "nvidia.sh", "java.sh");

    BundleCommand(CliEnvironment environment) {
        super(environment);
    }

    @Override
    int run(ReportOutput output) {
        BundleRuntime runtime = BundleRuntime.open();
        if (options.output.isEmpty()) {
            throw new CliFailure(
                    ExitCode.USAGE, "no file to write; right would be --output=farpage.tar.gz");
        }
        Path clone = cloneFolder();
        try {
            BundleModules modules = BundleModules.ofProgram();
            BundleLoader loader = BundleLoader.find(new HostChecks(environment(), Path.of("/")));
            Path work = Files.createTempDirectory("farpage-bundle");
            try {
                note("making a Java runtime with " + String.join(", ", modules.platform()));
                Path image = work.resolve("runtime");
                runtime.make(modules.platform(), image);
                environment().interruption().check();
                BundleContents contents = contents(clone, modules, loader, image);
                note("packing");
                report(contents.write(output.stream(), environment().interruption()), contents);
            } finally {
                remove(work);
            }
        } catch (IOException failure) {
            throw new CliFailure(ExitCode.USAGE, "a file cannot be packed: " + failure);
        }
        return ExitCode.DONE;
    }

    private Path cloneFolder() {
        String folder = environment().variable(CLONE_VARIABLE);
        if (folder.isEmpty()) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "%s names no clone to take files from; right would be './farpage bundle'"
                            .formatted(CLONE_VARIABLE));
        }
        return Path.of(folder);
    }

    private static BundleContents contents(
            Path clone, BundleModules modules, BundleLoader loader, Path image) throws IOException {
        BundleContents contents = new BundleContents();
        contents.addText("README", readme(loader));
        contents.addFile("LICENSE", clone.resolve("LICENSE"));
        contents.addFolder("", clone.resolve("cli/src/main/bundle"));
        for (String script : SCRIPTS) {
            contents.addFile("lib/sh/" + script, clone.resolve("cli/src/main/sh/" + script));
        }
        contents.addFolder("traces/", clone.resolve("tests/src/test/resources/traces/kernel"));
        for (Path jar : modules.jars()) {
            contents.addFile("lib/modules/" + jar.getFileName(), jar);
        }
        contents.addFile("lib/opencl/" + BundleLoader.NAME, loader.file());
        contents.addFolder("runtime/", image);
        return contents;
    }

    private static String readme(BundleLoader loader) {
        return """
        Farpage %s for Linux on %s with glibc 2.%d or newer: no Java, no network, no root needed, and nothing is written here.
        An OpenCL driver must be there: one that /etc/OpenCL/vendors names, or NVIDIA's, which is found without; bin/farpage doctor looks.
        bin/farpage COMMAND takes the commands and options of a clone, from any folder and through a link; bin/farpage --help lists them.
        Check a host: bin/farpage selftest; bin/farpage replay traces/basic.trace.gz --golden=traces/basic.golden.gz; bin/farpage demo.
        Who made what is here, and under which licence: NOTICE.
        """
                .formatted(
                        FarpageCommand.version(),
                        System.getProperty("os.arch").equals("aarch64") ? "aarch64" : "x86_64",
                        loader.glibcMinor());
    }

    private void report(long packedBytes, BundleContents contents) {
        if (options.format == OutputFormat.TEXT) {
            environment()
                    .out()
                    .print(
                            String.format(
                                    Locale.ROOT,
                                    "%s: %.1f MB packed, %.1f MB in %d files unpacked\n",
                                    options.output,
                                    packedBytes / 1e6,
                                    contents.unpackedBytes() / 1e6,
                                    contents.fileCount()));
            return;
        }
        RowOutput rows = RowOutput.of(options.format, environment().out());
        rows.context(Context.base(this, "bundle"));
        rows.row(
                Row.ok("bundle")
                        .put("file", options.output)
                        .put("packedBytes", packedBytes)
                        .put("unpackedBytes", contents.unpackedBytes())
                        .put("files", contents.fileCount()));
        rows.end();
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
