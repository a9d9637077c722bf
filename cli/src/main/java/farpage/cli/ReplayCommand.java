package farpage.cli;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.replay.ReplayException;
import farpage.emulator.replay.ReplaySession;
import farpage.emulator.trace.GoldenResults;
import farpage.emulator.trace.GoldenTrace;
import farpage.emulator.trace.KernelTrace;
import farpage.mm.KernelDefect;
import farpage.mm.memory.FolioOrders;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `replay`: executes kernel traces and prints their results, or compares them with recorded ones.
@CommandLine.Command(
        name = "replay",
        mixinStandardHelpOptions = true,
        versionProvider = FarpageCommand.Version.class,
        sortOptions = false,
        description = {
            "Executes kernel traces on the emulator and prints the result lines exactly as a kernel's"
                    + " driver printed them. Files may be compressed with gzip; '-' is standard input.",
            "With --golden compares instead: shows the first difference of each trace with its context"
                    + " and ends with a line 'N traces, M operations, D differ'. The exit code is 1 when"
                    + " a result line differs."
        },
        footer = {
            "",
            "Examples:",
            "  farpage replay basic.trace.gz --golden=basic.golden.gz",
            "  farpage replay --coherent fork.trace.gz --golden=fork.golden.gz"
        })
final class ReplayCommand extends Command {
    /// Devices that a trace knows.
    private static final int DEVICES = 2;

    @Parameters(arity = "1..*", paramLabel = "FILE", description = "Kernel traces")
    List<String> files = new ArrayList<>();

    @Option(
            names = "--golden",
            paramLabel = "FILE",
            description = "Recorded results; once for each trace file, in the same order")
    List<String> goldenFiles = new ArrayList<>();

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description = "RAM of the machine; default: 1 GiB")
    long memoryBytes = EmulatorConfig.RAM_SIZE_DEFAULT;

    @Option(
            names = "--device-memory",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description = "The most memory that each of the two devices takes; default: 4 GiB")
    long deviceMemoryBytes = EmulatorConfig.DEVICE_MEMORY_DEFAULT;

    @Mixin ShowOptions show = new ShowOptions();

    @Mixin CopyOptions copy = new CopyOptions();

    @Mixin NumberSpaceOptions numbers = new NumberSpaceOptions();

    @Mixin DesignOptions designs = new DesignOptions();

    @Option(
            names = "--show-after",
            paramLabel = "N",
            description =
                    "Shows after operation N of each trace, or its last one; default: the last one")
    int showAfter = Integer.MAX_VALUE;

    @Option(
            names = "--coherent",
            description =
                    "Use devices 2 and 3, whose memory is device-coherent, as the trace's @0 and @1;"
                            + " each has one chunk of 256 MiB")
    boolean isCoherent;

    @Option(
            names = "--orders",
            paramLabel = "LIST",
            converter = OrdersConverter.class,
            description =
                    "Orders of the folios that may be put on a device, such as 2-9 or 4,9; default: 9,"
                            + " as in Linux 7.0")
    FolioOrders orders = FolioOrders.PMD;

    @Option(
            names = "--mended",
            description =
                    "Do what Linux means to do where Linux 7.0 does not: docs/DEVIATIONS.md lists its"
                            + " defects. Recordings of that kernel replay without it")
    boolean isMended;

    ReplayCommand(CliEnvironment environment) {
        super(environment);
    }

    /// A trace file with what was recorded for it, if that was given.
    private record Input(String file, List<KernelTrace> traces, List<GoldenTrace> golden) {
        int operationCount() {
            return traces.stream().mapToInt(trace -> trace.operations().size()).sum();
        }
    }

    private boolean isComparison() {
        return !goldenFiles.isEmpty();
    }

    @Override
    int run(ReportOutput output) {
        List<Input> inputs = readInputs();
        try (DeviceSession session = DeviceSession.open(this, copy, false);
                Emulator emulator =
                        session.newEmulator(config ->
                                designs.apply(numbers.apply(config))
                                        .withRamSize(memoryBytes)
                                        .withDeviceMemory(deviceMemoryBytes)
                                        .withOrders(orders)
                                        .withCoherentDeviceCount(isCoherent ? DEVICES : 0));
                ProgressBar progress = new ProgressBar(environment(), options.quiet, "replay")) {
            ReplayReport report =
                    new ReplayReport(
                            options.format,
                            output.stream(),
                            Context.of(this, "replay", session.choice().device()));
            if (!isMended) {
                emulator.machine().setKernelDefects(EnumSet.allOf(KernelDefect.class));
            }
            replayAll(inputs, emulator, report, output.stream(), progress);
            report.end(isComparison());
            return report.differingLines() == 0 ? ExitCode.DONE : ExitCode.CHECK_FAILED;
        }
    }

    /// The devices that the trace means by its numbers.
    private List<EmulatedDevice> devices(Emulator emulator) {
        List<EmulatedDevice> all = emulator.devices();
        return isCoherent ? all.subList(DEVICES, 2 * DEVICES) : all;
    }

    private List<Input> readInputs() {
        if (isComparison() && goldenFiles.size() != files.size()) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "--golden: %d file(s) for %d trace file(s); right would be one for each, in the"
                                    .formatted(goldenFiles.size(), files.size())
                            + " same order");
        }
        List<Input> inputs = new ArrayList<>();
        for (int index = 0; index < files.size(); index++) {
            String file = files.get(index);
            List<KernelTrace> traces = KernelTrace.readFile(file, environment().in());
            List<GoldenTrace> golden = List.of();
            if (isComparison()) {
                String goldenFile = goldenFiles.get(index);
                golden =
                        ReplayReport.match(
                                file,
                                traces,
                                goldenFile,
                                GoldenResults.readFile(goldenFile, environment().in()));
            }
            inputs.add(new Input(file, traces, golden));
        }
        return inputs;
    }

    private void replayAll(
            List<Input> inputs,
            Emulator emulator,
            ReplayReport report,
            PrintStream out,
            ProgressBar progress) {
        int operationCount = Math.max(1, inputs.stream().mapToInt(Input::operationCount).sum());
        int doneCount = 0;
        for (Input input : inputs) {
            for (int index = 0; index < input.traces().size(); index++) {
                KernelTrace trace = input.traces().get(index);
                progress.update((double) doneCount / operationCount, trace.name());
                StringBuilder views = new StringBuilder();
                List<String> results = replay(input.file(), trace, emulator, out, views);
                if (isComparison()) {
                    report.compared(input.file(), trace, input.golden().get(index), results, views);
                } else {
                    report.executed(input.file(), trace, results, views);
                }
                doneCount += trace.operations().size();
            }
        }
    }

    /// Executes a trace.
    ///
    /// @param views takes the views that are to be shown
    /// @return its result lines, without the lines that frame them
    private List<String> replay(
            String file,
            KernelTrace trace,
            Emulator emulator,
            PrintStream out,
            StringBuilder views) {
        int shownOperation = Math.min(showAfter, trace.operations().size());
        boolean isShown = !isComparison() && options.format == OutputFormat.TEXT;
        List<String> lines = new ArrayList<>();
        try {
            ReplaySession.replay(
                    trace,
                    emulator,
                    devices(emulator),
                    line -> {
                        environment().interruption().check();
                        lines.add(line);
                        if (isShown) {
                            out.print(line + "\n");
                        }
                    },
                    (number, processes) -> {
                        if (number == shownOperation && show.isAny()) {
                            views.append(show.text(emulator.machine(), processes));
                        }
                    });
        } catch (ReplayException failure) {
            throw CliFailure.of(
                    ExitCode.USAGE,
                    "%s: %s; docs/DEVIATIONS.md lists what is modelled"
                            .formatted(file, failure.getMessage()),
                    failure);
        }
        return List.copyOf(lines.subList(1, lines.size() - 1));
    }
}
