package farpage.emulator.bench;

import java.util.Optional;

/// What one row measures: the move of a number of pages, and what it is compared with. The methods
/// that are timed do nothing else than what their name says.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: benchmark_thp_migration
interface BenchMove {
    /// Bytes that one move moves.
    long bytes();

    /// Puts new contents in place. Not timed.
    void prepare(long round);

    /// Timed: the move.
    void move();

    /// After a move: when the first page could be used, from the clock of the measurement.
    long firstPageAt();

    /// Timed: one plain transfer of as many bytes.
    void raw();

    /// Whether the same pages can be copied by plain `memcpy` on this device.
    boolean hasPattern();

    /// Timed: `memcpy` of the same pages.
    void pattern();

    /// Compares every byte that was moved. Not timed.
    ///
    /// @return what is wrong, if something is
    Optional<String> verify(long round);
}
