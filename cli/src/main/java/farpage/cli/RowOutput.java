package farpage.cli;

/// Writes results in one of the forms that programs read.
interface RowOutput {
    /// The first thing written: device, driver, versions, binding, seed.
    void context(Row context);

    /// A result.
    void row(Row row);

    /// The end; nothing may follow.
    void end();

    /// The output in a format, which is not text.
    static RowOutput of(OutputFormat format, java.io.PrintStream out) {
        return switch (format) {
            case JSON -> new JsonOutput(out);
            case CSV -> new CsvOutput(out);
            case TAP -> new TapOutput(out);
            case TEXT ->
                    throw new IllegalArgumentException("format: value=text, limit=json, csv, tap");
        };
    }
}
