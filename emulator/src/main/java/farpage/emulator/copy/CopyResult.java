package farpage.emulator.copy;

import farpage.opencl.ClException;

/// What became of a batch.
///
/// @opencl the status of the commands of a batch
public sealed interface CopyResult {
    /// Every page of the batch was copied.
    ///
    /// @opencl CL_COMPLETE
    record Copied() implements CopyResult {}

    /// A command failed. Nothing may be assumed about any destination of the batch; the sources are
    /// as they were, no command is under way, and the engine can be used again.
    ///
    /// @param cause the call that failed
    /// @opencl negative CL_EVENT_COMMAND_EXECUTION_STATUS
    record Failed(ClException cause) implements CopyResult {}

    default boolean isCopied() {
        return this instanceof Copied;
    }
}
