package farpage.mm.lock;

/// Where a thread that is stepped may have to wait for its turn: the places between which what it
/// does cannot be told apart from one step.
///
/// @kernel none; kernel/locking/lockdep.c and tracepoints mark the same places
public enum YieldPoint {
    /// Before a lock is waited for.
    LOCK,
    /// Before a lock is tried.
    TRY_LOCK,
    /// After a lock was dropped.
    UNLOCK,
    /// Before a thread goes to sleep until another wakes it.
    WAIT,
    /// After an invalidation was announced and all mirrors were told.
    NOTIFIER_STARTED,
    /// After an invalidation was ended.
    NOTIFIER_ENDED,
    /// After the pages of a migration were collected and unmapped.
    MIGRATE_SETUP,
    /// After the state of a migration's pages moved.
    MIGRATE_PAGES,
    /// After the entries of a migration were put in place.
    MIGRATE_FINISHED
}
