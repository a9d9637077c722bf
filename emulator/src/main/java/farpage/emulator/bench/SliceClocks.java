package farpage.emulator.bench;

import java.util.function.LongSupplier;

/// The clocks by which the work of several threads is measured.
///
/// @param nanos goes forward with the time of the day
/// @param threadCpuNanos what the calling thread has computed so far
/// @param compiler nanoseconds that the compilers of the Java machine worked for it
/// @kernel include/uapi/linux/time.h: CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID
public record SliceClocks(LongSupplier nanos, LongSupplier threadCpuNanos, LongSupplier compiler) {}
