package farpage.emulator.copy;

import farpage.opencl.ClException;

/// What became of a batch.
///
/// A command that fails does not fail the batch: whatever was to be copied is then tried folio by
/// folio, each by a command of its own. So an answer other than [Copied] is about folios that could
/// not be copied twice.
///
/// @opencl the status of the commands of a batch
public sealed interface CopyResult {
    /// Every page of the batch was copied.
    ///
    /// @opencl CL_COMPLETE
    record Copied() implements CopyResult {}

    /// Some pages were not copied. Nothing may be assumed about what their destinations hold; all
    /// others were copied. No command is under way, and the engine can be used again.
    ///
    /// @param cause the call that failed first
    /// @param missing the destinations of those that were not
    /// @opencl negative CL_EVENT_COMMAND_EXECUTION_STATUS
    record Partial(ClException cause, PageRuns missing) implements CopyResult {}

    /// No page was copied. Nothing may be assumed about any destination of the batch; the sources
    /// are as they were, no command is under way, and the engine can be used again.
    ///
    /// @param cause the call that failed first
    /// @opencl negative CL_EVENT_COMMAND_EXECUTION_STATUS
    record Failed(ClException cause) implements CopyResult {}

    /// Whether every page was copied.
    default boolean isCopied() {
        return this instanceof Copied;
    }

    /// Whether the pages of a folio of the batch were copied, all of them.
    ///
    /// @param destination the first page of the folio that they were copied to
    default boolean hasCopied(long destination, int pageCount) {
        return switch (this) {
            case Copied() -> true;
            case Partial(ClException _, PageRuns missing) ->
                    missing.countIn(destination, pageCount) == 0;
            case Failed(ClException _) -> false;
        };
    }
}
