package farpage.emulator.bench;

/// The times of one round, in nanoseconds.
///
/// @param move the move itself
/// @param raw a plain transfer
/// @param pattern `memcpy`, or 0
/// @param firstPage from the start of the move until its first page could be used
/// @param cpu on processors, of the whole process, during the move
/// @kernel None: measured values
record RoundTimes(long move, long raw, long pattern, long firstPage, long cpu) {
    RoundTimes withRaw(long nanos) {
        return new RoundTimes(move, nanos, pattern, firstPage, cpu);
    }

    RoundTimes withPattern(long nanos) {
        return new RoundTimes(move, raw, nanos, firstPage, cpu);
    }
}
