package farpage.cli;

import farpage.emulator.copy.CopyMethod;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/// How pages are to be copied, for the commands that move them.
final class CopyOptions {
    /// Takes the guess from the kind of device.
    static final String DEFAULT = "default";

    /// Measures anew.
    static final String CALIBRATE = "calibrate";

    private static final String VARIABLE = "FARPAGE_COPY";

    @Option(
            names = "--copy",
            paramLabel = "METHOD",
            description = {
                "How pages are copied: a method that 'farpage doctor' lists, 'default' for the guess"
                        + " from the kind of device, or 'calibrate' to measure the device anew;"
                        + " default: $FARPAGE_COPY, else what was measured at the first use of the"
                        + " device"
            })
    String copy = "";

    /// What was asked for, or an empty text.
    String word(CliEnvironment environment) {
        return copy.isEmpty() ? environment.variable(VARIABLE) : copy;
    }

    /// The method that was asked for, if it was one.
    Optional<CopyMethod> method(CliEnvironment environment) {
        String word = word(environment);
        if (word.isEmpty() || word.equals(DEFAULT) || word.equals(CALIBRATE)) {
            return Optional.empty();
        }
        return Optional.of(
                CopyMethod.lookup(word)
                        .orElseThrow(() ->
                                new CliFailure(
                                        ExitCode.USAGE,
                                        "%s: no method '%s'; right would be one of %s"
                                                .formatted(
                                                        source(),
                                                        word,
                                                        words(
                                                                Arrays.stream(
                                                                        CopyMethod.values()))))));
    }

    /// Where the word comes from, for messages.
    String source() {
        return copy.isEmpty() ? VARIABLE : "--copy";
    }

    /// What may be asked for, where these methods can be had.
    static String words(Stream<CopyMethod> methods) {
        return Stream.concat(methods.map(CopyMethod::label), Stream.of(DEFAULT, CALIBRATE))
                .collect(Collectors.joining(", "));
    }
}
