package farpage.opencl;

/// An event that the host completes: commands whose wait list holds it stay in their queues until
/// then.
///
/// One that is never completed blocks the queues that wait for it for ever, also their `finish`.
/// Drivers that run commands within the call that enqueues them may not cope with one that has to
/// wait: PoCL's `basic` device crashes.
///
/// @opencl clCreateUserEvent
public interface ClUserEvent extends ClEvent {
    /// Lets the waiting commands go. Allowed once.
    void complete();

    /// Ends the waiting commands with an error. Allowed once, instead of [#complete].
    ///
    /// @throws IllegalArgumentException when the error is [ClError#SUCCESS]
    void fail(ClError error);
}
