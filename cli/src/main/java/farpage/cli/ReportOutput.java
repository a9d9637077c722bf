package farpage.cli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/// Where the results of a command go: standard output, or a file that appears whole or not at all.
///
/// The file is written under another name in the same folder and renamed by [#commit]; if the
/// command ends before that, nothing has changed. A name that stands for something other than a
/// plain file (a pipe, `/dev/null`) is written directly, for renaming would replace it.
final class ReportOutput implements AutoCloseable {
    private final PrintStream stream;
    private final String name;
    private final boolean mayBreakOff;
    private final Optional<Path> target;
    private final Optional<Path> temporary;

    private ReportOutput(
            PrintStream stream,
            String name,
            boolean mayBreakOff,
            Optional<Path> target,
            Optional<Path> temporary) {
        this.stream = stream;
        this.name = name;
        this.mayBreakOff = mayBreakOff;
        this.target = target;
        this.temporary = temporary;
    }

    /// @param file the value of `--output`, or an empty text for standard output
    static ReportOutput open(CliEnvironment environment, String file) {
        return open(environment, "--output", file);
    }

    /// @param option that names the file, for messages
    static ReportOutput open(CliEnvironment environment, String option, String file) {
        if (file.isEmpty()) {
            return new ReportOutput(
                    environment.out(),
                    "standard output",
                    environment.isOutPipe(),
                    Optional.empty(),
                    Optional.empty());
        }
        try {
            Path target = Path.of(file).toAbsolutePath();
            if (Files.exists(target)) {
                target = target.toRealPath();
            }
            if (Files.isDirectory(target)) {
                throw new CliFailure(
                        ExitCode.USAGE,
                        "%s: %s is a folder; right would be a file".formatted(option, file));
            }
            if (Files.exists(target) && !Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)) {
                return new ReportOutput(
                        newStream(target, StandardOpenOption.WRITE),
                        file,
                        false,
                        Optional.of(target),
                        Optional.empty());
            }
            Path temporary =
                    target.resolveSibling(
                            ".%s.%d.tmp"
                                    .formatted(
                                            target.getFileName(), ProcessHandle.current().pid()));
            return new ReportOutput(
                    newStream(
                            temporary,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            StandardOpenOption.WRITE),
                    file,
                    false,
                    Optional.of(target),
                    Optional.of(temporary));
        } catch (IOException | java.nio.file.InvalidPathException failure) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "%s: %s cannot be written (%s); right would be a file in a folder that exists"
                            .formatted(option, file, reason(failure)));
        }
    }

    /// Without the name of the temporary file, which means nothing to the user.
    private static String reason(Exception failure) {
        return switch (failure) {
            case NoSuchFileException _ -> "its folder does not exist";
            case AccessDeniedException _ -> "no permission";
            case FileSystemException broken when broken.getReason() != null -> broken.getReason();
            default -> String.valueOf(failure.getMessage());
        };
    }

    private static PrintStream newStream(Path path, StandardOpenOption... options)
            throws IOException {
        return new PrintStream(
                new BufferedOutputStream(Files.newOutputStream(path, options)),
                false,
                StandardCharsets.UTF_8);
    }

    /// Where to write.
    PrintStream stream() {
        return stream;
    }

    /// Makes what was written the file's content. A pipe may be closed before all is read: that is
    /// how its reader says that it has seen enough.
    void commit() {
        if (stream.checkError() && !mayBreakOff) {
            throw new CliFailure(
                    ExitCode.USAGE, name + " cannot be written; is it closed, or the disk full?");
        }
        if (target.isEmpty() || temporary.isEmpty()) {
            return;
        }
        stream.close();
        try {
            Files.move(
                    temporary.get(),
                    target.get(),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException failure) {
            throw new CliFailure(
                    ExitCode.USAGE, "%s cannot be written (%s)".formatted(name, reason(failure)));
        }
    }

    @Override
    public void close() {
        if (target.isEmpty()) {
            stream.flush();
            return;
        }
        stream.close();
        if (temporary.isPresent()) {
            try {
                Files.deleteIfExists(temporary.get());
            } catch (IOException failure) {
                throw new CliFailure(
                        ExitCode.USAGE,
                        "%s is left behind (%s)".formatted(temporary.get(), reason(failure)));
            }
        }
    }
}
