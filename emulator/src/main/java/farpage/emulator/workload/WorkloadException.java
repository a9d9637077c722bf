package farpage.emulator.workload;

/// A workload that can not go on as it is: the message says what, where, and what would be right.
/// The model is sound and can be closed.
///
/// @kernel the process is killed
public final class WorkloadException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// What it lacks.
    ///
    /// @kernel include/linux/sched/signal.h: SIGSEGV, SIGBUS, SIGKILL by the OOM killer
    public enum Reason {
        /// The workload touches what no process can have.
        ADDRESS,
        /// A copy from or to the device failed.
        COPY_FAILED,
        /// The device has too little memory for what must be there at once.
        DEVICE_MEMORY
    }

    private final Reason reason;

    public WorkloadException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /// What it lacks.
    public Reason reason() {
        return reason;
    }
}
