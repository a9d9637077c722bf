package farpage.emulator.copy;

/// The way that the scattered pieces of a batch take. Several batches may be under way, started and
/// waited for by several threads; no lock is held.
///
/// @opencl The commands of one [CopyMethod]
interface CopyStrategy extends AutoCloseable {
    /// Enqueues the scattered pieces of a flight. What it needs until they are copied it keeps with
    /// the flight.
    ///
    /// @throws farpage.opencl.ClException if a command is refused
    void start(CopyFlight flight);

    /// Once the flight's events were waited for: whatever is left to do, and what was kept is given
    /// back. Also after a failure, with nothing under way any more; it may be called again then.
    ///
    /// @throws farpage.opencl.ClException if what it waits for failed
    void finish(CopyFlight flight);

    /// Gives its memory back. Nothing is under way.
    @Override
    void close();
}
