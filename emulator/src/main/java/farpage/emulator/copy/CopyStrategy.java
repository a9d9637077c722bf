package farpage.emulator.copy;

/// The way that scattered pages take. Under the engine's lock.
///
/// @opencl The commands of one [CopyMethod]
interface CopyStrategy extends AutoCloseable {
    /// Enqueues the scattered pages of a batch, those that become zeros too.
    ///
    /// @return the commands that it took
    long enqueueToDevice(CopyRuns runs);

    /// Moves the scattered pages of a batch. What it leaves under way is enqueued.
    ///
    /// @return the commands that it took
    long toSystem(CopyRuns runs);

    /// After a failure, with nothing under way any more.
    void reset();

    /// Gives its memory back.
    @Override
    void close();
}
