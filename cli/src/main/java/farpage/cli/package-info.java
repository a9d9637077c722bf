/// The program `farpage`: commands, options, and what they print.
///
/// A command is a class that picocli fills with its options. It runs inside one frame,
/// [farpage.cli.Command]: options checked, output opened, the work done, the output kept or thrown
/// away, and whatever failed turned into one line on standard error and an exit code. Results go to
/// standard output (or `--output`), all else to standard error.
///
/// Nothing here reads the process's streams, variables or clock on its own; they come with
/// [farpage.cli.CliEnvironment], so the whole program runs inside a test.
@org.jspecify.annotations.NullMarked
package farpage.cli;
