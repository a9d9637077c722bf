package farpage.cli;

import farpage.emulator.NoWindowException;
import farpage.emulator.replay.ReplayException;
import farpage.emulator.trace.TraceFormatException;
import farpage.emulator.workload.DataMismatchException;
import farpage.emulator.workload.WorkloadException;
import farpage.opencl.ClError;
import farpage.opencl.ClException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedChannelException;
import java.util.Objects;

/// What a failure is to the user: one line on standard error and an exit code.
///
/// With `FARPAGE_DEBUG=1` the stack trace follows.
final class FailureReport {
    private FailureReport() {}

    /// Reports a failure.
    ///
    /// @return the exit code
    static int report(CliEnvironment environment, Throwable cause) {
        Throwable failure = cause;
        if (environment.interruption().isRequested() && isClosedInput(cause)) {
            failure = CliFailure.of(ExitCode.INTERRUPTED, "interrupted", cause);
        }
        PrintStream err = environment.err();
        err.print("farpage: " + oneLine(describe(failure)) + "\n");
        boolean isDefect = false;
        for (Throwable second : failure.getSuppressed()) {
            if (second instanceof AssertionError) {
                err.print("farpage: and while giving things back: " + oneLine(describe(second)));
                err.print("\n");
                isDefect = true;
            }
        }
        if (environment.variable("FARPAGE_DEBUG").equals("1")) {
            failure.printStackTrace(err);
        }
        // What was lost on the way out is worse than what led there.
        return isDefect ? ExitCode.DEFECT : exitCode(failure);
    }

    /// An interruption closes standard input to wake its reader.
    private static boolean isClosedInput(Throwable failure) {
        return failure instanceof UncheckedIOException io
                && io.getCause() instanceof ClosedChannelException;
    }

    private static int exitCode(Throwable failure) {
        return switch (failure) {
            case CliFailure known -> known.exitCode();
            case TraceFormatException _, ReplayException _ -> ExitCode.USAGE;
            case UncheckedIOException _ -> ExitCode.USAGE;
            case ClException opencl ->
                    opencl.error().isOutOfMemory() ? ExitCode.OUT_OF_MEMORY : ExitCode.NO_DEVICE;
            case OutOfMemoryError _ -> ExitCode.OUT_OF_MEMORY;
            case NoWindowException _ -> ExitCode.NO_DEVICE;
            case DataMismatchException _ -> ExitCode.CHECK_FAILED;
            case WorkloadException stopped ->
                    switch (stopped.reason()) {
                        case ADDRESS -> ExitCode.USAGE;
                        case COPY_FAILED -> ExitCode.NO_DEVICE;
                        case DEVICE_MEMORY -> ExitCode.OUT_OF_MEMORY;
                    };
            default -> ExitCode.DEFECT;
        };
    }

    private static String describe(Throwable failure) {
        String message = Objects.requireNonNullElse(failure.getMessage(), "");
        return switch (failure) {
            case CliFailure _,
                    TraceFormatException _,
                    ReplayException _,
                    DataMismatchException _,
                    WorkloadException _ ->
                    message;
            case NoWindowException _ ->
                    message
                            + "; right would be --number-space=offset, more --physical-bits or less"
                            + " --device-memory";
            case UncheckedIOException io -> message + ": " + io.getCause();
            case ClException opencl -> message + "; " + openclAdvice(opencl.error());
            case OutOfMemoryError _ ->
                    "out of memory: %s; right would be a larger --memory, or for the Java heap"
                                    .formatted(message)
                            + " FARPAGE_JAVA_OPTS=-Xmx1g";
            default ->
                    "an invariant broke, which is a defect of farpage: %s; run again with"
                                    .formatted(failure)
                            + " FARPAGE_DEBUG=1 to see where";
        };
    }

    private static String openclAdvice(ClError error) {
        if (error.isOutOfMemory()) {
            return "right would be less device memory (--device-memory) or another --device";
        }
        return "'farpage doctor' tells what is wrong with the OpenCL set-up";
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", "; ");
    }
}
