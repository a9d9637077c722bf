package farpage.opencl;

/// How far a command is.
///
/// @opencl CL_EVENT_COMMAND_EXECUTION_STATUS
public enum ClEventStatus {
    /// In the queue.
    QUEUED,
    /// Handed to the device.
    SUBMITTED,
    /// Running.
    RUNNING,
    /// Done.
    COMPLETE,
    /// Ended by an error; [ClEvent#await] says which.
    FAILED;

    /// The status for the number that the driver reports; a negative one is an error code.
    ///
    /// @throws IllegalArgumentException when the number is none that the specification defines
    public static ClEventStatus ofCode(int code) {
        return switch (code) {
            case 3 -> QUEUED;
            case 2 -> SUBMITTED;
            case 1 -> RUNNING;
            case 0 -> COMPLETE;
            default -> {
                if (code > 0) {
                    throw new IllegalArgumentException("event status: code=" + code + ", limit=3");
                }
                yield FAILED;
            }
        };
    }
}
