package farpage.cli;

import java.lang.module.ModuleDescriptor;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// The command line without a command: it tells which there are.
@CommandLine.Command(
        name = "farpage",
        mixinStandardHelpOptions = true,
        versionProvider = FarpageCommand.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "Device memory you can run: Linux memory management on real OpenCL buffers.",
        footer = {
            "",
            "'farpage COMMAND --help' tells about a command.",
            "",
            "Exit codes: 0 done; 1 a check failed; 2 usage or unreadable input; 3 no usable device;",
            "4 out of memory, host or device; 70 a defect of farpage; 130 interrupted.",
            "",
            "Examples:",
            "  farpage demo",
            "  farpage devices --format=json"
        })
final class FarpageCommand implements Runnable {
    @Spec CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(), "no command; right would be one of " + commands());
    }

    private String commands() {
        return String.join(", ", spec.commandLine().getSubcommands().keySet());
    }

    /// The version that the module was built as.
    static String version() {
        return Optional.ofNullable(FarpageCommand.class.getModule().getDescriptor())
                .flatMap(ModuleDescriptor::rawVersion)
                .orElse("unknown");
    }

    /// What `--version` prints.
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {
                "farpage " + version(), "Java " + Runtime.version(),
            };
        }
    }
}
