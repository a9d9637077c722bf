package farpage.cli;

/// The end of a command with a message for the user: what, where, and what would be right.
final class CliFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    CliFailure(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    /// A failure in the user's words, with all that was lost on the way out.
    static CliFailure of(int exitCode, String message, Throwable cause) {
        CliFailure failure = new CliFailure(exitCode, message);
        for (Throwable second : cause.getSuppressed()) {
            failure.addSuppressed(second);
        }
        return failure;
    }

    int exitCode() {
        return exitCode;
    }
}
