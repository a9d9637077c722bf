package farpage.cli;

import farpage.emulator.bench.SliceClocks;
import java.lang.management.ManagementFactory;

/// The clocks of the host that benchmarks read.
final class HostClocks {
    private HostClocks() {}

    static SliceClocks of(CliEnvironment environment) {
        return new SliceClocks(
                environment.nanoClock(),
                ManagementFactory.getThreadMXBean()::getCurrentThreadCpuTime,
                new CompilerClock());
    }
}
