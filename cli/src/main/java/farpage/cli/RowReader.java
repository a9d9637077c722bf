package farpage.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/// Reads what [JsonOutput] wrote: the context and the rows of an earlier run.
final class RowReader {
    /// What a file held.
    ///
    /// @param context the first line
    /// @param rows the others, at least one
    record Report(Row context, List<Row> rows) {
        /// Keeps the rows as an unmodifiable list.
        Report {
            rows = List.copyOf(rows);
        }
    }

    private final JsonFactory factory = new JsonFactory();
    private final String option;
    private final String file;

    private RowReader(String option, String file) {
        this.option = option;
        this.file = file;
    }

    /// Reads a file.
    ///
    /// @param option that names it, for messages
    /// @throws CliFailure if it can not be read, or is not the output of `--format=json`
    static Report read(String option, String file) {
        return new RowReader(option, file).read();
    }

    private Report read() {
        List<Row> rows = new ArrayList<>();
        try (BufferedReader lines = Files.newBufferedReader(Path.of(file))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.isBlank()) {
                    rows.add(row(line, rows.size() + 1));
                }
            }
        } catch (IOException | java.nio.file.InvalidPathException failure) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "%s: %s cannot be read (%s)".formatted(option, file, reason(failure)));
        }
        if (rows.size() < 2 || !rows.getFirst().has("context")) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "%s: %s has no context and rows; right would be the output of --format=json"
                            .formatted(option, file));
        }
        return new Report(rows.getFirst(), rows.subList(1, rows.size()));
    }

    private static String reason(Exception failure) {
        return failure instanceof java.nio.file.NoSuchFileException
                ? "it does not exist"
                : String.valueOf(failure.getMessage());
    }

    private Row row(String line, int number) {
        try (JsonParser parser = factory.createParser(ObjectReadContext.empty(), line)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw wrong(number, "no object");
            }
            Row row = object(parser, number);
            if (parser.nextToken() != null) {
                throw wrong(number, "more than one object");
            }
            if (!row.text("schema").equals(Row.SCHEMA)) {
                throw wrong(number, "no \"schema\":\"" + Row.SCHEMA + "\"");
            }
            return row;
        } catch (JacksonException failure) {
            throw wrong(number, failure.getOriginalMessage());
        }
    }

    private CliFailure wrong(int line, String what) {
        return new CliFailure(
                ExitCode.USAGE,
                "%s: %s: line %d: %s; right would be the output of --format=json"
                        .formatted(option, file, line, what));
    }

    private Row object(JsonParser parser, int line) {
        Row row = new Row();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            switch (parser.nextToken()) {
                case VALUE_STRING -> row.put(name, parser.getString());
                case VALUE_NUMBER_INT -> row.put(name, parser.getLongValue());
                case VALUE_NUMBER_FLOAT -> row.put(name, parser.getDoubleValue());
                case VALUE_TRUE -> row.put(name, true);
                case VALUE_FALSE -> row.put(name, false);
                case START_OBJECT -> row.put(name, object(parser, line));
                case START_ARRAY -> row.put(name, texts(parser, line, name));
                case null, default -> throw wrong(line, "a value of " + name + " without meaning");
            }
        }
        return row;
    }

    private List<String> texts(JsonParser parser, int line, String name) {
        List<String> texts = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.currentToken() != JsonToken.VALUE_STRING) {
                throw wrong(line, "the list " + name + " holds something else than texts");
            }
            texts.add(parser.getString());
        }
        return texts;
    }
}
