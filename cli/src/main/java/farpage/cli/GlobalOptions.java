package farpage.cli;

import picocli.CommandLine.Option;

/// The options that every command takes.
final class GlobalOptions {
    /// The bindings by their names on the command line.
    enum Binding {
        lwjgl,
        jocl
    }

    @Option(
            names = "--device",
            paramLabel = "SEL",
            description = {
                "The device: its index in 'devices', cpu, gpu, pocl, or a regular expression on its"
                        + " name; default: $FARPAGE_DEVICE, else the first GPU, else the first CPU"
                        + " device"
            })
    String device = "";

    @Option(
            names = "--binding",
            paramLabel = "lwjgl|jocl",
            description =
                    "The Java binding that talks to OpenCL; default: $FARPAGE_BINDING or lwjgl")
    String binding = "";

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Where every random choice comes from; default: ${DEFAULT-VALUE}")
    long seed = 1;

    @Option(
            names = "--format",
            paramLabel = "text|json|csv|tap",
            converter = FormatConverter.class,
            description = "What goes to standard output; default: ${DEFAULT-VALUE}")
    OutputFormat format = OutputFormat.TEXT;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description = "Writes that to a file instead, whole or not at all")
    String output = "";

    @Option(names = "--quiet", description = "No progress and no notes on standard error")
    boolean quiet;

    @Option(names = "--no-color", description = "No colours, as with $NO_COLOR")
    boolean noColor;

    /// The selection of a device, or an empty text for the default.
    String deviceSelection(CliEnvironment environment) {
        return device.isEmpty() ? environment.variable("FARPAGE_DEVICE") : device;
    }

    /// The binding, from the option, the variable or the default.
    Binding bindingOf(CliEnvironment environment) {
        boolean isOption = !binding.isEmpty();
        String name = isOption ? binding : environment.variable("FARPAGE_BINDING");
        if (name.isEmpty()) {
            return Binding.lwjgl;
        }
        for (Binding known : Binding.values()) {
            if (known.name().equals(name)) {
                return known;
            }
        }
        throw new CliFailure(
                ExitCode.USAGE,
                "%s: no binding '%s'; right would be lwjgl or jocl"
                        .formatted(isOption ? "--binding" : "FARPAGE_BINDING", name));
    }

    /// Whether results for people may be coloured.
    boolean isColored(CliEnvironment environment) {
        return !noColor
                && environment.variable("NO_COLOR").isEmpty()
                && output.isEmpty()
                && environment.isOutTerminal()
                && !environment.variable("TERM").equals("dumb");
    }

    /// Reads `--format`.
    static final class FormatConverter implements picocli.CommandLine.ITypeConverter<OutputFormat> {
        @Override
        public OutputFormat convert(String value) {
            for (OutputFormat format : OutputFormat.values()) {
                if (format.toString().equals(value)) {
                    return format;
                }
            }
            throw new picocli.CommandLine.TypeConversionException(
                    "no format '%s'; right would be text, json, csv or tap".formatted(value));
        }
    }
}
