package farpage.cli;

import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongSupplier;

/// What the program has from outside: streams, variables, the clock, and the wish to stop.
///
/// @param in standard input
/// @param out standard output, for results
/// @param err standard error, for progress, notes and errors
/// @param variables environment variables
/// @param isOutTerminal whether a person looks at standard output
/// @param isErrTerminal whether a person looks at standard error
/// @param isOutPipe whether another program reads standard output
/// @param nanoClock nanoseconds from an arbitrary start
/// @param interruption the wish of the user to stop
/// @param bindingOpener opens a binding by its name
record CliEnvironment(
        InputStream in,
        PrintStream out,
        PrintStream err,
        Map<String, String> variables,
        boolean isOutTerminal,
        boolean isErrTerminal,
        boolean isOutPipe,
        LongSupplier nanoClock,
        Interruption interruption,
        Function<String, ClBinding> bindingOpener) {
    private static final int OUTPUT_BUFFER_SIZE = 1 << 16;

    /// The environment of the process. Text goes out as UTF-8, whatever the locale says, so that
    /// the same run writes the same bytes everywhere.
    static CliEnvironment ofProcess() {
        FileOutputStream out = new FileOutputStream(FileDescriptor.out);
        FileOutputStream err = new FileOutputStream(FileDescriptor.err);
        StandardInput in = new StandardInput();
        return new CliEnvironment(
                in,
                new PrintStream(
                        new java.io.BufferedOutputStream(out, OUTPUT_BUFFER_SIZE),
                        false,
                        StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                System.getenv(),
                isTerminal(1),
                isTerminal(2),
                target(1).startsWith("pipe:"),
                System::nanoTime,
                new Interruption(() -> close(in)),
                ClBindings::open);
    }

    private static void close(InputStream in) {
        try {
            in.close();
        } catch (IOException failure) {
            throw new UncheckedIOException("standard input: closing failed", failure);
        }
    }

    private static boolean isTerminal(int descriptor) {
        String target = target(descriptor);
        return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
    }

    /// Linux shows what a descriptor is open on.
    private static String target(int descriptor) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
        } catch (IOException | UnsupportedOperationException _) {
            return "";
        }
    }

    /// The value of a variable, or an empty text.
    String variable(String name) {
        return variables.getOrDefault(name, "");
    }

    /// Whether the terminal shows characters beyond ASCII. A file gets them always.
    boolean showsUnicode() {
        return !isOutTerminal
                || Charset.forName(System.getProperty("stdout.encoding", "UTF-8"))
                        .equals(StandardCharsets.UTF_8);
    }
}
