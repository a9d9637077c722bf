package farpage.emulator.bench;

import java.util.function.LongSupplier;

/// The clocks by which moves of pages are measured.
///
/// @param wall nanoseconds from an arbitrary start
/// @param cpu nanoseconds that the whole process spent on processors
/// @param compiler nanoseconds that the compilers of the Java machine worked for it
/// @kernel clock_gettime(2): CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID
public record MoveClocks(LongSupplier wall, LongSupplier cpu, LongSupplier compiler) {}
