package farpage.cli;

import farpage.emulator.calibration.CalibrationResult;
import farpage.emulator.copy.CopyPlan;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/// Measured plans in the user's cache folder, a file for each device, driver and binding.
///
/// A file is written under another name and renamed, so that of several programs that measure at
/// once the last one's result stays, whole. What cannot be read is as good as not there.
final class CopyPlanStore {
    private static final String FOLDER = "copy-plans";

    private final Optional<Path> folder;

    CopyPlanStore(CliEnvironment environment) {
        this.folder = CacheFolder.of(environment).map(cache -> cache.resolve(FOLDER));
    }

    /// What a file held.
    ///
    /// @param measured when it was written
    record Stored(CalibrationResult result, Path file, FileTime measured) {}

    /// What looking for a plan found.
    ///
    /// @param stored the plan
    /// @param trouble why the file that is there is of no use; empty if none is there or it is fine
    record Found(Optional<Stored> stored, String trouble) {
        Optional<CopyPlan> plan() {
            return stored.map(file -> file.result().plan());
        }
    }

    /// Where the plan of a key is or would be.
    Optional<Path> file(CopyPlanKey key) {
        return folder.map(path -> path.resolve(key.fileName()));
    }

    /// Looks for the plan of a key.
    Found find(CopyPlanKey key) {
        Optional<Path> file = file(key).filter(Files::exists);
        if (file.isEmpty()) {
            return new Found(Optional.empty(), "");
        }
        Path path = file.get();
        try {
            RowReader.Report report = RowReader.read("stored copy plan", path.toString());
            CalibrationResult result = CopyPlanFile.result(report, key);
            return new Found(
                    Optional.of(new Stored(result, path, Files.getLastModifiedTime(path))), "");
        } catch (CopyPlanFile.FormatException wrong) {
            return new Found(Optional.empty(), path + ": " + wrong.getMessage());
        } catch (CliFailure unreadable) {
            return new Found(Optional.empty(), String.valueOf(unreadable.getMessage()));
        } catch (IOException unreadable) {
            return new Found(Optional.empty(), path + ": " + reason(unreadable));
        }
    }

    /// Keeps a plan.
    ///
    /// @return why it could not be kept, or nothing
    Optional<String> keep(CopyPlanKey key, CalibrationResult result) {
        Optional<Path> file = file(key);
        if (file.isEmpty()) {
            return Optional.of("neither XDG_CACHE_HOME nor HOME names a folder");
        }
        try {
            Path parent = file.get().resolveSibling("");
            Files.createDirectories(
                    parent,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
            write(parent, file.get(), key, result);
            return Optional.empty();
        } catch (IOException | UnsupportedOperationException failure) {
            return Optional.of(file.get() + " cannot be written: " + reason(failure));
        }
    }

    private static void write(Path parent, Path file, CopyPlanKey key, CalibrationResult result)
            throws IOException {
        Path temporary = Files.createTempFile(parent, "." + file.getFileName(), ".tmp");
        try {
            try (PrintStream out =
                    new PrintStream(
                            Files.newOutputStream(temporary), false, StandardCharsets.UTF_8)) {
                JsonOutput json = new JsonOutput(out);
                json.context(CopyPlanFile.context(key));
                CopyPlanFile.rows(result).forEach(json::row);
                json.end();
                if (out.checkError()) {
                    throw new FileSystemException(file.toString(), null, "is the disk full?");
                }
            }
            Files.move(
                    temporary,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private static String reason(Exception failure) {
        return switch (failure) {
            case NoSuchFileException _ -> "it does not exist";
            case java.nio.file.AccessDeniedException _ -> "no permission";
            case FileSystemException broken when broken.getReason() != null -> broken.getReason();
            default -> String.valueOf(failure);
        };
    }
}
