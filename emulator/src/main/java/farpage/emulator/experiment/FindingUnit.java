package farpage.emulator.experiment;

/// How a column's values are shown to people. Programs get them as they are.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: units of print_benchmark_results
public enum FindingUnit {
    TEXT,
    /// A whole number.
    COUNT,
    /// A size, with a binary unit.
    BYTES,
    /// Microseconds; of a distribution its median.
    MICROS,
    /// Microseconds that 90 of 100 do not exceed, of a distribution.
    MICROS_P90,
    /// Microseconds that 99 of 100 do not exceed, of a distribution.
    MICROS_P99,
    /// Microseconds that none exceeds, of a distribution.
    MICROS_MAX,
    /// Decimal gigabytes a second.
    GBPS,
    /// How many times as much.
    RATIO,
    /// A part of a whole, from 0 to 1, shown in percent.
    SHARE,
    /// Any other number.
    NUMBER
}
