package farpage.cli;

import java.io.PrintStream;
import java.util.function.LongSupplier;

/// A line on standard error that shows how far a command is, on a terminal that can redraw one.
///
/// It is drawn anew at most ten times a second and wiped at the end, so that notes and errors have
/// their line to themselves.
final class ProgressBar implements AutoCloseable {
    private static final long REDRAW_NANOS = 100_000_000;
    private static final int WIDTH = 30;
    private static final String WIPE = "\r\u001b[K";

    private final PrintStream err;
    private final boolean isShown;
    private final LongSupplier nanoClock;
    private final String label;
    private final long startNanos;
    private long drawnNanos;
    private boolean isDrawn;

    ProgressBar(CliEnvironment environment, boolean isQuiet, String label) {
        this.err = environment.err();
        this.isShown =
                !isQuiet
                        && environment.isErrTerminal()
                        && !environment.variable("TERM").equals("dumb");
        this.nanoClock = environment.nanoClock();
        this.label = label;
        this.startNanos = nanoClock.getAsLong();
        this.drawnNanos = startNanos - REDRAW_NANOS;
    }

    /// Shows a state, if it is time to.
    ///
    /// @param done from 0 to 1, or below 0 when the end is not known
    /// @param detail what to say behind the bar
    void update(double done, String detail) {
        if (!isShown) {
            return;
        }
        long now = nanoClock.getAsLong();
        if (now - drawnNanos < REDRAW_NANOS) {
            return;
        }
        drawnNanos = now;
        isDrawn = true;
        err.print(WIPE + line(done, detail, now - startNanos));
        err.flush();
    }

    private String line(double done, String detail, long elapsedNanos) {
        double seconds = elapsedNanos / 1e9;
        if (done < 0) {
            return "%s %s  %.0f s".formatted(label, detail, seconds);
        }
        int filled = Math.clamp(Math.round(done * WIDTH), 0, WIDTH);
        String left = done > 0.02 ? "  %.0f s left".formatted(seconds / done - seconds) : "";
        return "%s [%s%s] %3.0f %%  %s%s"
                .formatted(
                        label,
                        "#".repeat(filled),
                        ".".repeat(WIDTH - filled),
                        100 * done,
                        detail,
                        left);
    }

    @Override
    public void close() {
        if (isDrawn) {
            err.print(WIPE);
            err.flush();
        }
    }
}
