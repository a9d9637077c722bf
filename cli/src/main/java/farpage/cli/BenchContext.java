package farpage.cli;

import farpage.opencl.ClDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// Where and with what a benchmark ran: the first line of its report.
final class BenchContext {
    private BenchContext() {}

    static Row of(Command command, Bench bench, ClDevice device, boolean isQuick) {
        return Context.of(command, "bench", device)
                .put("name", bench.label())
                .put("quick", isQuick)
                .put("cpu", cpu())
                .put("numaNodes", numaNodes())
                .put("governor", governor())
                .put("assertions", BenchContext.class.desiredAssertionStatus());
    }

    private static String cpu() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        } catch (IOException _) {
            return "unknown";
        }
    }

    private static long numaNodes() {
        try (Stream<Path> nodes = Files.list(Path.of("/sys/devices/system/node"))) {
            return nodes.filter(node -> node.getFileName().toString().matches("node\\d+")).count();
        } catch (IOException _) {
            return 1;
        }
    }

    /// Virtual machines have none.
    private static String governor() {
        try {
            return Files.readString(
                            Path.of("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"))
                    .strip();
        } catch (IOException _) {
            return "unknown";
        }
    }
}
