package farpage.emulator.bench;

import java.util.function.LongSupplier;

/// The clocks that a benchmark reads.
///
/// @param nanos goes forward with the time of the day
/// @param threadCpuNanos what the calling thread has computed so far
/// @kernel include/uapi/linux/time.h: CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID
public record BenchClocks(LongSupplier nanos, LongSupplier threadCpuNanos) {}
