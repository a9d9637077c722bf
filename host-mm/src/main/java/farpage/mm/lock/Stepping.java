package farpage.mm.lock;

import org.jspecify.annotations.Nullable;

/// The places where threads can be stepped, so that one number decides how several interleave.
///
/// Threads without a [Stepper] pass. What is called on hot paths returns true, so that it can be
/// called as `assert Stepping.point(...)`: without assertions it costs nothing, with them it costs
/// the look at one field until the first stepper is installed.
///
/// A stepped thread never sleeps in a lock: it first waits, through its stepper, until the lock is
/// free, and since no other stepped thread runs meanwhile, it then gets the lock.
///
/// @kernel none
public final class Stepping {
    private static final ThreadLocal<@Nullable Stepper> CURRENT = new ThreadLocal<>();

    /// Whether there ever was a stepper. A thread that is stepped sees its own write.
    private static boolean used;

    private Stepping() {}

    /// Steps the current thread from here on.
    public static void install(Stepper stepper) {
        CURRENT.set(stepper);
        used = true;
    }

    /// The current thread runs freely again.
    public static void remove() {
        CURRENT.remove();
    }

    /// The stepper of the current thread, if it has one.
    public static @Nullable Stepper lookupCurrent() {
        return used ? CURRENT.get() : null;
    }

    /// The current thread is at a point.
    ///
    /// @return true
    public static boolean point(YieldPoint point, LockRank rank) {
        return !used || pause(point, rank.name());
    }

    /// The current thread is at a point that no lock names.
    ///
    /// @return true
    public static boolean point(YieldPoint point) {
        return !used || pause(point, "");
    }

    private static boolean pause(YieldPoint point, String what) {
        Stepper stepper = CURRENT.get();
        if (stepper != null) {
            stepper.pause(point, what);
        }
        return true;
    }

    /// A lock was dropped, or something else happened that threads may be blocked on.
    ///
    /// @return true
    static boolean released(Object on, LockRank rank) {
        Stepper stepper = lookupCurrent();
        if (stepper != null) {
            stepper.wake(on);
            stepper.pause(YieldPoint.UNLOCK, rank.name());
        }
        return true;
    }
}
