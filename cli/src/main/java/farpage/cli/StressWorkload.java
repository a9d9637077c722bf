package farpage.cli;

import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.peer.PeerClient;
import farpage.emulator.peer.PeerMode;
import farpage.emulator.stress.AgentThreads;
import farpage.emulator.stress.StressOperation;
import farpage.emulator.stress.StressResult;
import farpage.emulator.stress.StressScene;
import farpage.emulator.trace.Fnv1a64;
import java.io.PrintStream;
import java.util.Locale;

/// `run stress`: agents in threads until the time is up, then the account.
final class StressWorkload {
    /// Memory of each device: a part of what the agents have, so that they evict each other.
    private static final long DEVICE_MEMORY_DEFAULT = 768L << 10;

    private static final long CHUNK_SIZE_MIN = 256L << 10;
    private static final int CHUNK_COUNT = 4;
    private static final long STALL_NANOS = 30_000_000_000L;

    private final Command command;
    private final CliEnvironment environment;
    private final StressOptions stress;
    private final WorkloadOptions workload;

    /// Pages of other devices that devices accessed where they lay, after the run.
    private long peerPages;

    StressWorkload(Command command, StressOptions stress, WorkloadOptions workload) {
        this.command = command;
        this.environment = command.environment();
        this.stress = stress;
        this.workload = workload;
    }

    void run(ReportOutput output) {
        stress.check();
        DeviceSession session = DeviceSession.open(command, workload.copy);
        try (session) {
            StressResult result = work(session);
            if (command.options.format == OutputFormat.TEXT) {
                printText(output.stream(), session, result);
            } else {
                RowOutput rows = RowOutput.of(command.options.format, output.stream());
                rows.context(Context.of(command, "run", session.choice().device()));
                rows.row(row(result));
                rows.end();
            }
        }
    }

    private EmulatorConfig sizes(EmulatorConfig config) {
        return stress.designs
                .apply(workload.machine(config))
                .withDeviceCount(stress.devices)
                .withCoherentDeviceCount(stress.coherentDevices)
                .withRamSize(workload.memoryBytes)
                .withChunkSize(Math.max(CHUNK_SIZE_MIN, deviceMemory() / CHUNK_COUNT))
                .withDeviceMemory(deviceMemory());
    }

    private long deviceMemory() {
        return workload.deviceMemoryBytes >= 0 ? workload.deviceMemoryBytes : DEVICE_MEMORY_DEFAULT;
    }

    /// A broken run leaves threads that hold locks, so nothing of it is closed.
    private StressResult work(DeviceSession session) {
        Emulator emulator = session.newEmulator(this::sizes);
        boolean isSound = true;
        workload.useOrders(emulator.machine());
        try {
            StressScene scene =
                    new StressScene(
                            emulator,
                            StressScene.Sizes.ofRun(stress.threads),
                            command.options.seed);
            try {
                StressResult result = work(scene);
                peerPages = peerPages(emulator);
                return result;
            } catch (AgentThreads.BrokenRunException broken) {
                isSound = false;
                environment.err().print(broken.report());
                throw CliFailure.of(ExitCode.DEFECT, String.valueOf(broken.getMessage()), broken);
            } finally {
                if (isSound) {
                    scene.close();
                }
            }
        } finally {
            if (isSound) {
                emulator.close();
            }
        }
    }

    /// What the devices did in each other's memory.
    private static long peerPages(Emulator emulator) {
        return emulator.devices().stream()
                .flatMap(device -> device.peers().stream())
                .map(PeerClient::statistics)
                .mapToLong(done -> done.readPages() + done.writtenPages())
                .sum();
    }

    private StressResult work(StressScene scene) {
        try (ProgressBar progress = new ProgressBar(environment, command.options.quiet, "stress")) {
            long start = environment.nanoClock().getAsLong();
            long length = stress.duration.toNanos();
            new AgentThreads(scene.agents(), STALL_NANOS, environment.nanoClock())
                    .run(steps -> {
                        environment.interruption().check();
                        long now = environment.nanoClock().getAsLong() - start;
                        progress.update(
                                Math.min(1, (double) now / length),
                                String.format(Locale.ROOT, "%,d operations", steps));
                        return now < length;
                    });
            return scene.verify(environment.nanoClock().getAsLong() - start);
        }
    }

    private void printText(PrintStream out, DeviceSession session, StressResult result) {
        line(out, "workload", "stress, seed %d".formatted(command.options.seed));
        line(
                out,
                "device",
                "%s, through %s"
                        .formatted(
                                session.choice().name(),
                                command.options.bindingOf(environment).name()));
        line(
                out,
                "agents",
                "%d CPU threads, %d devices, %d coherent devices"
                        .formatted(stress.threads, stress.devices, stress.coherentDevices));
        if (stress.designs.peer != PeerMode.OFF) {
            line(
                    out,
                    "peers",
                    String.format(
                            Locale.ROOT,
                            "%s, %,d pages accessed where they lay",
                            PeerModeConverter.format(stress.designs.peer),
                            peerPages));
        }
        for (StressOperation operation : StressOperation.values()) {
            long count = result.operations().getOrDefault(operation, 0L);
            if (count == 0 && operation.isOfDesign()) {
                continue;
            }
            line(out, "", String.format(Locale.ROOT, "%,12d %s", count, operation.label()));
        }
        line(
                out,
                "operations",
                String.format(
                        Locale.ROOT,
                        "%,d in %.1f s, %,.0f a second",
                        result.total(),
                        result.nanos() / 1e9,
                        result.perSecond()));
        line(
                out,
                "verified",
                String.format(
                        Locale.ROOT,
                        "%,d words at the end, none wrong; all pages were given back",
                        result.verifiedWords()));
        out.print("digest %s\n".formatted(Fnv1a64.format(result.digest())));
    }

    private static void line(PrintStream out, String name, String value) {
        out.print("%-12s %s\n".formatted(name, value));
    }

    private Row row(StressResult result) {
        Row operations = new Row();
        for (StressOperation operation : StressOperation.values()) {
            operations.put(
                    operation.name().toLowerCase(Locale.ROOT),
                    result.operations().getOrDefault(operation, 0L));
        }
        return Row.ok("run")
                .put("name", "stress")
                .put("seed", command.options.seed)
                .put("threads", stress.threads)
                .put("devices", stress.devices)
                .put("coherentDevices", stress.coherentDevices)
                .put("peer", PeerModeConverter.format(stress.designs.peer))
                .put("peerPages", peerPages)
                .put("operations", result.total())
                .put("byKind", operations)
                .put("totalMicros", result.nanos() / 1e3)
                .put("perSecond", result.perSecond())
                .put("verified", true)
                .put("digest", Fnv1a64.format(result.digest()));
    }
}
