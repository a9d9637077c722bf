package farpage.cli;

import farpage.emulator.bench.BenchClocks;
import java.lang.management.ManagementFactory;

/// The clocks of the host that benchmarks read.
final class HostClocks {
    private HostClocks() {}

    static BenchClocks of(CliEnvironment environment) {
        return new BenchClocks(
                environment.nanoClock(),
                ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime);
    }
}
