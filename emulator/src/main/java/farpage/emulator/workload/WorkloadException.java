package farpage.emulator.workload;

/// A workload that can not go on as it is: the message says what, where, and what would be right.
/// The model is sound and can be closed.
///
/// @kernel the process is killed
public class WorkloadException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public WorkloadException(String message) {
        super(message);
    }
}
