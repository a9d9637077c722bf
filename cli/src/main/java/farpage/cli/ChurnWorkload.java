package farpage.cli;

import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.churn.ChurnResult;
import farpage.emulator.churn.ChurnSample;
import farpage.emulator.churn.ChurnScene;
import farpage.emulator.devmem.DeviceFolioCounters;
import farpage.emulator.devmem.DeviceMemoryStatistics;
import farpage.emulator.trace.Fnv1a64;
import farpage.mm.PageSize;
import farpage.mm.memory.FolioOrders;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/// `run churn`: regions come to the device and go until the time is up, then the account.
final class ChurnWorkload {
    private static final long DEVICE_MEMORY_DEFAULT = 512L << 20;
    private static final int STRETCHES = 10;
    private static final double PAGES_PER_MEBIBYTE = (1 << 20) / PageSize.PAGE_SIZE;
    private static final int STEPS_AT_ONCE = 16;

    private final Command command;
    private final CliEnvironment environment;
    private final Duration duration;
    private final WorkloadOptions workload;

    ChurnWorkload(Command command, Duration duration, WorkloadOptions workload) {
        this.command = command;
        this.environment = command.environment();
        this.duration = duration;
        this.workload = workload;
    }

    private long deviceMemory() {
        return workload.deviceMemoryBytes >= 0 ? workload.deviceMemoryBytes : DEVICE_MEMORY_DEFAULT;
    }

    private FolioOrders orders() {
        return workload.orders.orElse(FolioOrders.ALL);
    }

    private EmulatorConfig sizes(EmulatorConfig config) {
        return workload.withNode(workload.numbers.apply(config))
                .withDeviceCount(1)
                .withRamSize(workload.memoryBytes)
                .withDeviceMemory(deviceMemory())
                .withOrders(orders());
    }

    void run(ReportOutput output) {
        if (deviceMemory() < ChurnScene.DEVICE_MEMORY_MIN) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "--device-memory: %s is too little for churn; right would be at least %s"
                            .formatted(
                                    SizeConverter.format(deviceMemory()),
                                    SizeConverter.format(ChurnScene.DEVICE_MEMORY_MIN)));
        }
        try (DeviceSession session = DeviceSession.open(command, workload.copy)) {
            ChurnResult result = work(session);
            if (command.options.format == OutputFormat.TEXT) {
                printText(output.stream(), session, result);
            } else {
                RowOutput rows = RowOutput.of(command.options.format, output.stream());
                rows.context(Context.of(command, "run", session.choice().device()));
                result.samples().forEach(sample -> rows.row(row(sample)));
                rows.row(row(result));
                rows.end();
            }
        }
    }

    private ChurnResult work(DeviceSession session) {
        try (Emulator emulator = session.newEmulator(this::sizes);
                ChurnScene scene = new ChurnScene(emulator, command.options.seed);
                ProgressBar progress =
                        new ProgressBar(environment, command.options.quiet, "churn")) {
            long start = environment.nanoClock().getAsLong();
            long length = duration.toNanos();
            for (int stretch = 1; stretch <= STRETCHES; stretch++) {
                long now = environment.nanoClock().getAsLong() - start;
                while (now < length / STRETCHES * stretch) {
                    environment.interruption().check();
                    for (int i = 0; i < STEPS_AT_ONCE; i++) {
                        scene.step();
                    }
                    now = environment.nanoClock().getAsLong() - start;
                    progress.update(
                            Math.min(1, (double) now / length),
                            String.format(Locale.ROOT, "%,d steps", scene.steps()));
                }
                scene.sample(now);
            }
            return scene.finish();
        }
    }

    private void printText(PrintStream out, DeviceSession session, ChurnResult result) {
        DeviceMemoryStatistics memory = result.memory();
        line(out, "workload", "churn, seed %d".formatted(command.options.seed));
        line(
                out,
                "device",
                "%s, through %s"
                        .formatted(
                                session.choice().name(),
                                command.options.bindingOf(environment).name()));
        line(
                out,
                "memory",
                "%s on the device, folio orders %s"
                        .formatted(SizeConverter.format(deviceMemory()), orders()));
        for (ChurnSample sample : result.samples()) {
            line(out, String.format(Locale.ROOT, "%.1f s", sample.nanos() / 1e9), describe(sample));
        }
        line(
                out,
                "half free",
                String.format(
                        Locale.ROOT,
                        "at %,d of %,d steps; at least %.1f %% of the free memory was in pieces of"
                                + " 2 MiB",
                        result.halfFreeSteps(),
                        result.steps(),
                        100 * result.largeShareMin()));
        line(
                out,
                "regions",
                String.format(
                        Locale.ROOT,
                        "%,d made, %,d times one was cut",
                        result.regions(),
                        result.splits()));
        line(
                out,
                "compaction",
                String.format(
                        Locale.ROOT,
                        "%,d pages moved within the device for %,d allocated",
                        memory.compactedPages(),
                        memory.allocatedPages() - memory.compactedPages()));
        for (DeviceFolioCounters folios : memory.folios()) {
            if (orders().contains(folios.order())) {
                line(out, "", describe(folios));
            }
        }
        line(
                out,
                "verified",
                String.format(
                        Locale.ROOT,
                        "%,d MiB, nothing wrong; all pages were given back",
                        result.verifiedBytes() >> 20));
        out.print("digest %s\n".formatted(Fnv1a64.format(result.digest())));
    }

    private static String describe(ChurnSample sample) {
        String share =
                String.format(
                        Locale.ROOT,
                        "%.0f MiB in use, %.0f MiB free, %.1f %% of it in pieces of 2 MiB",
                        sample.livePages() / PAGES_PER_MEBIBYTE,
                        sample.freePages() / PAGES_PER_MEBIBYTE,
                        100 * sample.largeShare());
        return sample.halfFreeSteps() == 0
                ? share
                : share
                        + String.format(
                                Locale.ROOT,
                                "; at least %.1f %% while half was free",
                                100 * sample.largeShareMin());
    }

    private static String describe(DeviceFolioCounters folios) {
        return String.format(
                Locale.ROOT,
                "%-17s %,11d alloc %,9d alloc_fallback %,11d free %,9d split",
                folios.folder(),
                folios.allocated(),
                folios.fallback(),
                folios.freed(),
                folios.split());
    }

    private static void line(PrintStream out, String name, String value) {
        out.print("%-12s %s\n".formatted(name, value));
    }

    private static Row row(ChurnSample sample) {
        return Row.ok("churnSample")
                .put("micros", sample.nanos() / 1e3)
                .put("livePages", sample.livePages())
                .put("freePages", sample.freePages())
                .put("largeFreePages", sample.largeFreePages())
                .put("largeShare", sample.largeShare())
                .put("halfFreeSteps", sample.halfFreeSteps())
                .put("largeShareMin", sample.largeShareMin())
                .put("compactedPages", sample.compactedPages());
    }

    private Row row(ChurnResult result) {
        Row folios = new Row();
        for (DeviceFolioCounters counters : result.memory().folios()) {
            if (orders().contains(counters.order())) {
                folios.put(
                        counters.folder(),
                        new Row()
                                .put("alloc", counters.allocated())
                                .put("alloc_fallback", counters.fallback())
                                .put("free", counters.freed())
                                .put("split", counters.split()));
            }
        }
        return Row.ok("run")
                .put("name", "churn")
                .put("seed", command.options.seed)
                .put("deviceMemoryBytes", deviceMemory())
                .put("orders", orders().toString())
                .put("steps", result.steps())
                .put("regions", result.regions())
                .put("splits", result.splits())
                .put("halfFreeSteps", result.halfFreeSteps())
                .put("largeShareMin", result.largeShareMin())
                .put("allocatedPages", result.memory().allocatedPages())
                .put("compactedPages", result.memory().compactedPages())
                .put("folios", folios)
                .put("verifiedBytes", result.verifiedBytes())
                .put("verified", true)
                .put("digest", Fnv1a64.format(result.digest()));
    }
}
