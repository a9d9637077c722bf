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

    /// Reads a file that may hold several runs, one after another: each begins with its context.
    ///
    /// @param option that names it, for messages
    /// @throws CliFailure as for [#read]
    static List<Report> readRuns(String option, String file) {
        return new RowReader(option, file).runs();
    }

    /// The first run gives the context.
    private Report read() {
        List<Report> runs = runs();
        List<Row> rows = new ArrayList<>();
        runs.forEach(run -> rows.addAll(run.rows()));
        return new Report(runs.getFirst().context(), rows);
    }

    private List<Report> runs() {
        List<Report> runs = new ArrayList<>();
        List<Row> rows = new ArrayList<>();
        try (BufferedReader lines = Files.newBufferedReader(Path.of(file))) {
            int number = 1;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.isBlank()) {
                    Row row = row(line, number);
                    if (row.has("context") && !rows.isEmpty()) {
                        runs.add(run(rows));
                        rows.clear();
                    }
                    rows.add(row);
                }
                number++;
            }
        } catch (IOException | java.nio.file.InvalidPathException failure) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "%s: %s cannot be read (%s)".formatted(option, file, reason(failure)));
        }
        runs.add(run(rows));
        return runs;
    }

    private Report run(List<Row> rows) {
        if (rows.size() < 2 || !rows.getFirst().has("context")) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "%s: %s has no context and rows; right would be the output of --format=json"
                            .formatted(option, file));
        }
        return new Report(rows.getFirst(), rows.subList(1, rows.size()));
    }

    private static String reason(Exception failure) {
        return switch (failure) {
            case java.nio.file.NoSuchFileException _ -> "it does not exist";
            case java.nio.charset.CharacterCodingException _ -> "it is no text in UTF-8";
            default -> String.valueOf(failure.getMessage());
        };
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
