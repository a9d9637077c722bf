package farpage.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// The program's entry, and its end on a signal.
///
/// On Ctrl-C the JVM starts to shut down while the command still runs. A hook tells the command to
/// stop and waits until it has given everything back, at most [#STOP_WAIT_SECONDS]; the JVM then
/// ends with 130 of its own accord.
///
/// @kernel kernel/signal.c: SIGINT ends a process with 128 + 2
public final class Main {
    private static final long STOP_WAIT_SECONDS = 10;

    private Main() {}

    /// Runs the command line and ends the process.
    public static void main(String[] args) {
        CliEnvironment environment = CliEnvironment.ofProcess();
        CountDownLatch finished = new CountDownLatch(1);
        Thread hook =
                Thread.ofPlatform()
                        .name("farpage-interrupt")
                        .unstarted(() -> stop(environment.interruption(), finished));
        Runtime.getRuntime().addShutdownHook(hook);
        int exitCode = ExitCode.DEFECT;
        try {
            exitCode = Program.run(environment, args);
        } finally {
            finished.countDown();
        }
        // During a shutdown this waits for the JVM to end with the signal's own code.
        System.exit(exitCode);
    }

    private static void stop(Interruption interruption, CountDownLatch finished) {
        interruption.request();
        try {
            if (!finished.await(STOP_WAIT_SECONDS, TimeUnit.SECONDS)) {
                System.err.println(
                        "farpage: the command did not stop within " + STOP_WAIT_SECONDS + " s");
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
