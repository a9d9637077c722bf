package farpage.opencl;

/// The fate of one enqueued command.
///
/// It is to be closed like everything else; closing it neither cancels nor waits for the command.
/// The memory that a non-blocking transfer reads or writes must stay alive until the event (or a
/// later one of an in-order queue) completed.
///
/// @opencl cl_event
public interface ClEvent extends AutoCloseable {
    /// Waits until the command ended. It flushes the command's queue, so it can be called at once.
    ///
    /// @throws ClException with the command's own error when it failed
    void await();

    /// How far the command is. COMPLETE here makes a transfer's bytes visible to the calling
    /// thread.
    ClEventStatus status();

    /// The times of a completed command.
    ///
    /// @throws ClException CL_PROFILING_INFO_NOT_AVAILABLE when its queue does no profiling or it
    ///   has not completed
    ClProfilingTimes profilingTimes();

    /// Whether [#close] was called.
    boolean isClosed();

    @Override
    void close();

    /// Waits for several events, the first error last: all have ended when this returns or throws.
    static void awaitAll(ClEvent... events) {
        ClException failed = null;
        for (ClEvent event : events) {
            try {
                event.await();
            } catch (ClException e) {
                if (failed == null) {
                    failed = e;
                } else {
                    failed.addSuppressed(e);
                }
            }
        }
        if (failed != null) {
            throw failed;
        }
    }
}
