package farpage.cli;

import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.selftest.SelftestRun;
import farpage.emulator.selftest.SelftestRunner;
import farpage.emulator.selftest.SelftestSuite;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `selftest`: the cases of the kernel's test program for device memory.
@CommandLine.Command(
        name = "selftest",
        mixinStandardHelpOptions = true,
        versionProvider = FarpageCommand.Version.class,
        sortOptions = false,
        description = {
            "Runs the cases of the kernel's hmm-tests by their upstream names, each on private and on"
                    + " coherent device memory and on a machine of its own. A PATTERN is a part of a"
                    + " name, or with * ? [ ] the whole of it; without one every case runs.",
            "With --format=tap the results are printed as kselftest prints them. The exit code is 1"
                    + " when a case fails."
        },
        footer = {
            "",
            "Examples:",
            "  farpage selftest --format=tap",
            "  farpage selftest 'migrate*' hmm_device_private.snapshot"
        })
final class SelftestCommand extends Command {
    /// Devices 2 and 3.
    private static final int COHERENT_DEVICES = 2;

    @Parameters(arity = "0..*", paramLabel = "PATTERN", description = "Which cases; default: all")
    List<String> patterns = new ArrayList<>();

    @Option(names = "--list", description = "Prints the names of the cases and runs none")
    boolean isList;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description = "RAM of the machine of each case; default: 1 GiB")
    long memoryBytes = EmulatorConfig.RAM_SIZE_DEFAULT;

    @Mixin NumberSpaceOptions numbers = new NumberSpaceOptions();

    @Mixin DesignOptions designs = new DesignOptions();

    SelftestCommand(CliEnvironment environment) {
        super(environment);
    }

    @Override
    int run(ReportOutput output) {
        List<SelftestRun> runs =
                SelftestPatterns.select(SelftestSuite.runs(designs.files.mode), patterns);
        if (isList) {
            list(output, runs);
            return ExitCode.DONE;
        }
        try (DeviceSession session = DeviceSession.open(this);
                ProgressBar progress = new ProgressBar(environment(), options.quiet, "selftest")) {
            SelftestReport report =
                    SelftestReport.of(
                            options.format,
                            output.stream(),
                            Context.of(this, "selftest", session.choice().device()));
            EmulatorConfig config =
                    numbers.apply(
                            designs.apply(session.config())
                                    .withRamSize(memoryBytes)
                                    .withCoherentDeviceCount(COHERENT_DEVICES));
            SelftestRunner runner =
                    new SelftestRunner(
                            () -> new Emulator(config), options.seed, SelftestRunner.LIMIT_DEFAULT);
            report.begin(runs);
            for (int index = 0; index < runs.size(); index++) {
                environment().interruption().check();
                SelftestRun run = runs.get(index);
                progress.update((double) index / runs.size(), run.name());
                report.started(run);
                report.ended(run, runner.execute(run));
            }
            return report.end() == 0 ? ExitCode.DONE : ExitCode.CHECK_FAILED;
        }
    }

    private void list(ReportOutput output, List<SelftestRun> runs) {
        if (options.format == OutputFormat.TEXT) {
            runs.forEach(run -> output.stream().print(run.name() + "\n"));
            return;
        }
        RowOutput rows = RowOutput.of(options.format, output.stream());
        rows.context(Context.base(this, "selftest"));
        for (SelftestRun run : runs) {
            rows.row(
                    SelftestReport.named(
                            Row.skipped("selftest", "listed only: --list runs nothing"), run));
        }
        rows.end();
    }
}
