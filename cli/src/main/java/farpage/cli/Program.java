package farpage.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/// A run of the program, from a command line to an exit code.
final class Program {
    /// The commands that work, in the order of the help.
    private static final List<Map.Entry<String, Function<CliEnvironment, Object>>> COMMANDS =
            List.of(
                    Map.entry("devices", DevicesCommand::new),
                    Map.entry("doctor", DoctorCommand::new),
                    Map.entry("demo", DemoCommand::new),
                    Map.entry("run", RunCommand::new),
                    Map.entry("replay", ReplayCommand::new),
                    Map.entry("selftest", SelftestCommand::new),
                    Map.entry("experiment", ExperimentCommand::new),
                    Map.entry("bench", BenchCommand::new),
                    Map.entry("report", ReportCommand::new),
                    Map.entry("bundle", BundleCommand::new));

    private Program() {}

    static List<String> commandNames() {
        return COMMANDS.stream().map(Map.Entry::getKey).toList();
    }

    /// Runs a command line; everything that fails is reported here and nowhere else.
    ///
    /// @return the exit code
    static int run(CliEnvironment environment, String... args) {
        String[] words = knownCommand(withoutHelpCommand(args));
        try {
            int exitCode = commandLine(environment, words).execute(words);
            environment.out().flush();
            return exitCode;
        } catch (OutOfMemoryError | AssertionError failure) {
            return FailureReport.report(environment, failure);
        } finally {
            environment.err().flush();
        }
    }

    /// `help` and `help COMMAND` are what people try first.
    private static String[] withoutHelpCommand(String... args) {
        if (args.length == 0 || !args[0].equals("help")) {
            return args;
        }
        return args.length == 1 ? new String[] {"--help"} : new String[] {args[1], "--help"};
    }

    /// A command that does not exist has no help either: what follows its name is left out.
    private static String[] knownCommand(String... args) {
        boolean isUnknown =
                args.length > 0 && !args[0].startsWith("-") && !commandNames().contains(args[0]);
        return isUnknown ? new String[] {args[0]} : args;
    }

    private static long wholeNumber(String value) {
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException _) {
            throw new TypeConversionException(
                    "'%s' is not a whole number of 64 bits; right would be 42".formatted(value));
        }
    }

    private static double number(String value) {
        try {
            return Double.parseDouble(value);
        } catch (NumberFormatException _) {
            throw new TypeConversionException(
                    "'%s' is not a number; right would be 0.5".formatted(value));
        }
    }

    private static CommandLine commandLine(CliEnvironment environment, String... args) {
        CommandLine commandLine = new CommandLine(new FarpageCommand());
        for (Map.Entry<String, Function<CliEnvironment, Object>> command : COMMANDS) {
            if (isNeeded(command.getKey(), args)) {
                Object made = command.getValue().apply(environment);
                CommandLine line = new CommandLine(made);
                if (made instanceof CommandGroup group) {
                    group.commands().forEach(line::addSubcommand);
                }
                commandLine.addSubcommand(command.getKey(), line);
            }
        }
        boolean isPlain =
                List.of(args).contains("--no-color")
                        || !environment.variable("NO_COLOR").isEmpty()
                        || !environment.isOutTerminal();
        return commandLine
                .registerConverter(Long.class, Program::wholeNumber)
                .registerConverter(long.class, Program::wholeNumber)
                .registerConverter(Double.class, Program::number)
                .registerConverter(double.class, Program::number)
                .setOut(new PrintWriter(environment.out(), true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(environment.err(), true, StandardCharsets.UTF_8))
                .setColorScheme(CommandLine.Help.defaultColorScheme(isPlain ? Ansi.OFF : Ansi.ON))
                .setParameterExceptionHandler((failure, _) -> usage(environment, failure))
                .setExecutionExceptionHandler(
                        (failure, _, _) -> FailureReport.report(environment, failure));
    }

    /// Looking through a command's options takes time; those of other commands are not needed when
    /// the first word names one.
    private static boolean isNeeded(String name, String... args) {
        boolean namesCommand =
                args.length > 0
                        && COMMANDS.stream().anyMatch(known -> known.getKey().equals(args[0]));
        return !namesCommand || args[0].equals(name);
    }

    private static int usage(CliEnvironment environment, ParameterException failure) {
        CommandLine command = failure.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        String message = describe(failure).replaceAll("\\s*\\R\\s*", "; ");
        environment.err().print("farpage: %s (see '%s --help')\n".formatted(message, name));
        return ExitCode.USAGE;
    }

    private static String describe(ParameterException failure) {
        CommandLine command = failure.getCommandLine();
        if (failure instanceof UnmatchedArgumentException unmatched
                && !unmatched.isUnknownOption()
                && !command.getSubcommands().isEmpty()) {
            return "no command '%s'; right would be one of %s"
                    .formatted(
                            unmatched.getUnmatched().getFirst(),
                            String.join(", ", command.getSubcommands().keySet()));
        }
        return String.valueOf(failure.getMessage());
    }
}
