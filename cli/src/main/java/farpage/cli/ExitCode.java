package farpage.cli;

/// The exit codes of every command.
final class ExitCode {
    /// The command did what it was asked.
    static final int DONE = 0;

    /// A check failed: data differ, a result differs from the recorded one.
    static final int CHECK_FAILED = 1;

    /// The command line or an input file makes no sense.
    static final int USAGE = 2;

    /// No device can be used, or it failed while it was used, or its memory can not be registered.
    static final int NO_DEVICE = 3;

    /// The host or the device has too little memory.
    static final int OUT_OF_MEMORY = 4;

    /// An invariant of the model broke: a defect of the program.
    static final int DEFECT = 70;

    /// Ctrl-C.
    static final int INTERRUPTED = 130;

    private ExitCode() {}
}
