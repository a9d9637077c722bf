package farpage.cli;

import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.trace.LackeyReader;
import farpage.emulator.trace.TraceInput;
import farpage.emulator.workload.AccessReplay;
import farpage.emulator.workload.MigrationRate;
import farpage.emulator.workload.MigrationRateMeasurement;
import farpage.emulator.workload.ResidencyMap;
import farpage.emulator.workload.ResidencyPicture;
import farpage.emulator.workload.ResidencyPicture.Glyphs;
import farpage.emulator.workload.RunSummary;
import farpage.mm.Mm;
import farpage.mm.VmStat;
import java.util.List;
import java.util.Locale;

/// Runs a recorded program on the chosen device and prints the report: what `run` and `demo` share.
final class WorkloadRun {
    /// What is migrated to measure the rate.
    private static final long RATE_BYTES = 64L << 20;

    private final Command command;
    private final CliEnvironment environment;
    private final WorkloadOptions workload;
    private final long deviceMemoryBytes;

    WorkloadRun(Command command, WorkloadOptions workload, long defaultDeviceMemoryBytes) {
        this.command = command;
        this.environment = command.environment();
        this.workload = workload;
        this.deviceMemoryBytes =
                workload.deviceMemoryBytes >= 0
                        ? workload.deviceMemoryBytes
                        : defaultDeviceMemoryBytes;
    }

    private record Result(
            RunSummary summary, ResidencyMap residency, RunReport.Swap swap, String views) {}

    /// @param name of the command, for the context
    /// @param input the recording, which is closed here
    void run(String name, TraceInput input, ReportOutput output) {
        try (LackeyReader reader = new LackeyReader(input);
                DeviceSession session = DeviceSession.open(command, workload.copy)) {
            Result result = replay(session, input, reader);
            MigrationRate rate = measureRate(session);
            RunReport report =
                    new RunReport(
                            new RunReport.Setting(
                                    input.name(),
                                    session.choice().name(),
                                    command.options.bindingOf(environment).name(),
                                    command.options.seed,
                                    workload.memoryBytes,
                                    deviceMemoryBytes),
                            result.summary(),
                            result.swap(),
                            result.views());
            if (command.options.format == OutputFormat.TEXT) {
                report.printText(output.stream(), result.residency(), picture(), rate);
            } else {
                report.printRows(
                        RowOutput.of(command.options.format, output.stream()),
                        Context.of(command, name, session.choice().device()),
                        rate);
            }
        }
    }

    private Result replay(DeviceSession session, TraceInput input, LackeyReader reader) {
        long seed = command.options.seed;
        try (Emulator emulator = session.newEmulator(this::sizes);
                AccessReplay replay =
                        new AccessReplay(
                                emulator,
                                emulator.device(0),
                                workload.newPhases(seed),
                                seed,
                                environment.nanoClock());
                ProgressBar progress =
                        new ProgressBar(environment, command.options.quiet, "replay")) {
            StringBuilder views = new StringBuilder();
            workload.swapOn(emulator.machine());
            workload.useOrders(emulator.machine());
            RunSummary summary =
                    replay.run(
                            reader,
                            new AccessReplay.Listener() {
                                @Override
                                public void progress(long accessCount) {
                                    environment.interruption().check();
                                    progress.update(
                                            input.fractionRead(),
                                            String.format(
                                                    Locale.ROOT, "%,d accesses", accessCount));
                                }

                                @Override
                                public void replayed(Mm mm) {
                                    views.append(
                                            workload.show.text(emulator.machine(), List.of(mm)));
                                }
                            });
            VmStat vmStat = emulator.machine().vmStat();
            return new Result(
                    summary,
                    replay.residency(),
                    new RunReport.Swap(
                            workload.swapBytes,
                            vmStat.get(VmStat.Event.PSWPOUT),
                            vmStat.get(VmStat.Event.PSWPIN)),
                    views.toString());
        }
    }

    private EmulatorConfig sizes(EmulatorConfig config) {
        return workload.machine(config)
                .withDeviceCount(1)
                .withRamSize(workload.memoryBytes)
                .withDeviceMemory(deviceMemoryBytes);
    }

    private MigrationRate measureRate(DeviceSession session) {
        environment.interruption().check();
        return new MigrationRateMeasurement(
                        session.config(), RATE_BYTES, command.options.seed, environment.nanoClock())
                .measure();
    }

    private ResidencyPicture picture() {
        return new ResidencyPicture(
                environment.showsUnicode() ? Glyphs.UNICODE : Glyphs.ASCII,
                command.options.isColored(environment));
    }
}
