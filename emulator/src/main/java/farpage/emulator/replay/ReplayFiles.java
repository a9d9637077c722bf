package farpage.emulator.replay;

import farpage.mm.Machine;
import farpage.mm.file.OpenFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The files that the processes of a trace have open: for each region the one that was mapped there
/// last. Those on disk are temporary files of the host.
///
/// @kernel memfd_create(2), open(2)
final class ReplayFiles implements AutoCloseable {
    /// An open file, and where it is on the host.
    ///
    /// @param path null for a file in memory
    record Opened(OpenFile file, @Nullable Path path) {}

    /// Those of one process.
    static final class OfProcess {
        private final Map<String, Opened> byRegion = new HashMap<>();

        /// A child has the files of its parent.
        OfProcess fork() {
            OfProcess child = new OfProcess();
            byRegion.forEach((region, opened) -> {
                opened.file().get();
                child.byRegion.put(region, opened);
            });
            return child;
        }

        /// Has another file mapped at a region; the one before it is closed.
        ///
        /// @param opened null for memory that is no file's
        void put(String region, @Nullable Opened opened) {
            Opened before = opened == null ? byRegion.remove(region) : byRegion.put(region, opened);
            if (before != null) {
                before.file().put();
            }
        }

        /// Null if the region is no file's.
        @Nullable Opened lookup(String region) {
            return byRegion.get(region);
        }

        void exit() {
            byRegion.values().forEach(opened -> opened.file().put());
            byRegion.clear();
        }
    }

    private final List<Path> paths = new ArrayList<>();

    /// A new file on disk, without contents.
    Opened onDisk(Machine machine) {
        try {
            Path path = Files.createTempFile("farpage-replay", "");
            paths.add(path);
            return new Opened(machine.files().open(path, true), path);
        } catch (IOException failure) {
            throw new UncheckedIOException("a temporary file", failure);
        }
    }

    /// A new file in memory, without contents.
    static Opened inMemory(Machine machine) {
        return new Opened(machine.files().memfd(), null);
    }

    @Override
    public void close() {
        for (Path path : paths) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException failure) {
                throw new UncheckedIOException("a temporary file", failure);
            }
        }
        paths.clear();
    }
}
