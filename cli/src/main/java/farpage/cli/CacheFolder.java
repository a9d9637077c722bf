package farpage.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/// Where the program keeps what it can make again: the folder that the set-up uses too.
final class CacheFolder {
    private CacheFolder() {}

    /// The user's folder, which need not exist; nothing if there is no telling where it would be.
    static Optional<Path> of(CliEnvironment environment) {
        return absolute(environment.variable("XDG_CACHE_HOME"))
                .or(() ->
                        absolute(environment.variable("HOME")).map(home -> home.resolve(".cache")))
                .map(cache -> cache.resolve("farpage"));
    }

    /// A path that is not absolute is to be ignored, says the XDG specification.
    private static Optional<Path> absolute(String text) {
        try {
            return Optional.of(text)
                    .filter(name -> !name.isEmpty())
                    .map(Path::of)
                    .filter(Path::isAbsolute);
        } catch (InvalidPathException _) {
            return Optional.empty();
        }
    }
}
