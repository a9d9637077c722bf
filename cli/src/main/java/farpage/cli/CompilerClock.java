package farpage.cli;

import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// The time that the compilers of this Java machine have worked, in nanoseconds. A machine that
/// does not compile, or does not say, shows none.
final class CompilerClock implements LongSupplier {
    private final CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();

    @Override
    public long getAsLong() {
        return compiler == null || !compiler.isCompilationTimeMonitoringSupported()
                ? 0
                : TimeUnit.MILLISECONDS.toNanos(compiler.getTotalCompilationTime());
    }
}
