package farpage.emulator.replay;

import farpage.emulator.trace.KernelOperation;

/// An operation that can not be executed: it needs a part of memory management that is not
/// modelled, or stands where it has no meaning. The message says which, where, and why.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: SKIP
public final class ReplayException extends RuntimeException {
    private static final long serialVersionUID = 1;

    ReplayException(String trace, KernelOperation operation, String reason) {
        super(
                "line "
                        + operation.line()
                        + " of trace "
                        + trace
                        + ": '"
                        + operation.word()
                        + "' "
                        + reason);
    }
}
