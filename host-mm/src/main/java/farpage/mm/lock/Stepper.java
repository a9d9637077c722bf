package farpage.mm.lock;

/// Decides when the thread that it is installed in goes on. Only one of the threads that are
/// stepped together runs at any time; the others wait in one of these methods.
///
/// @kernel none
public interface Stepper {
    /// The thread came to a point; returns when it is its turn.
    ///
    /// @param what the rank of a lock, or what else says where
    void pause(YieldPoint point, String what);

    /// The thread cannot go on until [#wake] is called for the same object, by any thread; returns
    /// when it was and it is this thread's turn again. Spurious returns are possible.
    ///
    /// @param what names the object, for reports
    void block(Object on, String what);

    /// Whoever is blocked on the object may go on when it is its turn.
    void wake(Object on);
}
