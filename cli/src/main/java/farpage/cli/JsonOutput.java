package farpage.cli;

import java.io.PrintStream;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// One JSON object a line, the context first.
final class JsonOutput implements RowOutput {
    private final PrintStream out;
    private final JsonFactory factory = new JsonFactory();

    JsonOutput(PrintStream out) {
        this.out = out;
    }

    @Override
    public void context(Row context) {
        row(context);
    }

    @Override
    public void row(Row row) {
        StringWriter line = new StringWriter();
        try (JsonGenerator json = factory.createGenerator(ObjectWriteContext.empty(), line)) {
            writeObject(json, row);
        }
        out.print(line);
        out.print('\n');
    }

    @Override
    public void end() {
        out.flush();
    }

    private static void writeObject(JsonGenerator json, Row row) {
        json.writeStartObject();
        for (Map.Entry<String, Object> entry : row.values().entrySet()) {
            json.writeName(entry.getKey());
            writeValue(json, entry.getValue());
        }
        json.writeEndObject();
    }

    private static void writeValue(JsonGenerator json, Object value) {
        switch (value) {
            case Long number -> json.writeNumber(number);
            case Double number -> json.writeNumber(rounded(number));
            case Boolean truth -> json.writeBoolean(truth);
            case Row row -> writeObject(json, row);
            case List<?> list -> {
                json.writeStartArray();
                for (Object element : list) {
                    json.writeString(element.toString());
                }
                json.writeEndArray();
            }
            default -> json.writeString(value.toString());
        }
    }

    /// Six significant digits: more would only be noise in something measured.
    private static double rounded(double value) {
        return new java.math.BigDecimal(value).round(new java.math.MathContext(6)).doubleValue();
    }
}
