package farpage.cli;

import java.util.Locale;

/// The forms in which results go to standard output.
enum OutputFormat {
    /// For people.
    TEXT,
    /// One JSON object a line, the context first.
    JSON,
    /// One row a line below a line of names.
    CSV,
    /// The Test Anything Protocol, version 13.
    TAP;

    /// Its name on the command line.
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
