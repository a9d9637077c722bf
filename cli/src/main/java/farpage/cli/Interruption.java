package farpage.cli;

import java.util.concurrent.atomic.AtomicBoolean;

/// The wish of the user that the command stops. A command asks between two steps of its work, when
/// every page is in one place and every lock is free.
final class Interruption {
    private final AtomicBoolean requested = new AtomicBoolean();
    private final Runnable wake;

    Interruption() {
        this(() -> {});
    }

    /// @param wake ends the waits in which a command cannot ask
    Interruption(Runnable wake) {
        this.wake = wake;
    }

    void request() {
        requested.set(true);
        wake.run();
    }

    boolean isRequested() {
        return requested.get();
    }

    /// Ends the command if the user wants it.
    void check() {
        if (isRequested()) {
            throw new CliFailure(ExitCode.INTERRUPTED, "interrupted");
        }
    }
}
