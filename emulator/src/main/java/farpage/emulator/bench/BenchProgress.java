package farpage.emulator.bench;

/// Who wants to know how far a measurement is. It may throw to stop it; everything is given back
/// then.
///
/// @kernel None: a report to people
@FunctionalInterface
public interface BenchProgress {
    /// Called between two timed actions, never within one.
    ///
    /// @param done 0 to 1
    /// @param what is measured now
    void at(double done, String what);
}
