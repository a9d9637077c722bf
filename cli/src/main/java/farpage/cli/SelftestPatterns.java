package farpage.cli;

import farpage.emulator.selftest.SelftestRun;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.PatternSyntaxException;

/// Chooses runs by name.
///
/// A pattern with `*`, `?` or `[` is a glob for the whole name, or for the case's own name; another
/// is a part of the whole name.
final class SelftestPatterns {
    private SelftestPatterns() {}

    /// The runs that at least one pattern fits, in their order; all without a pattern.
    ///
    /// @throws CliFailure if a pattern fits none
    static List<SelftestRun> select(List<SelftestRun> runs, List<String> patterns) {
        if (patterns.isEmpty()) {
            return runs;
        }
        List<SelftestRun> chosen = new ArrayList<>();
        List<Predicate<SelftestRun>> fits = patterns.stream().map(SelftestPatterns::fit).toList();
        for (int i = 0; i < patterns.size(); i++) {
            if (runs.stream().noneMatch(fits.get(i))) {
                throw new CliFailure(
                        ExitCode.USAGE,
                        "no case fits '%s'; right would be a part of a name that --list prints"
                                .formatted(patterns.get(i)));
            }
        }
        for (SelftestRun run : runs) {
            if (fits.stream().anyMatch(fit -> fit.test(run))) {
                chosen.add(run);
            }
        }
        return List.copyOf(chosen);
    }

    private static Predicate<SelftestRun> fit(String pattern) {
        if (pattern.chars().noneMatch(c -> c == '*' || c == '?' || c == '[')) {
            return run -> run.name().contains(pattern);
        }
        try {
            var glob = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
            return run ->
                    glob.matches(Path.of(run.name())) || glob.matches(Path.of(run.caseName()));
        } catch (PatternSyntaxException broken) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "'%s' is no pattern (%s); right would be 'migrate*'"
                            .formatted(pattern, broken.getDescription()));
        }
    }
}
