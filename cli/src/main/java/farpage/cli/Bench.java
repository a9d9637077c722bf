package farpage.cli;

import java.util.List;

/// The benchmarks: what tells their rows apart, and which figures of a row are compared with those
/// of an earlier run.
///
/// Rates themselves are not compared but ratios to what the device did in the same run, because
/// what else goes on in a machine changes both alike.
enum Bench {
    COPY("copy"),
    MIGRATE("migrate"),
    FAULT("fault"),
    METADATA("metadata");

    /// A figure that may be compared where both rows have it.
    ///
    /// @param name of the field; the median where it has several values
    /// @param isMoreBetter or less is
    record Figure(String name, boolean isMoreBetter) {}

    private final String label;

    Bench(String label) {
        this.label = label;
    }

    /// The name of the command, and the value of the field `bench`.
    String label() {
        return label;
    }

    /// The fields that tell its rows apart, where a row has them.
    private List<String> identity() {
        return switch (this) {
            case COPY ->
                    List.of(
                            "method",
                            "direction",
                            "layout",
                            "pageBytes",
                            "batchPages",
                            "inFlight",
                            "bytes");
            case MIGRATE ->
                    List.of("direction", "order", "layout", "batchPages", "inFlight", "bytes");
            case FAULT -> List.of("kind", "order");
            case METADATA -> List.of("what", "layout", "threads", "pages");
        };
    }

    /// The figures that are compared.
    List<Figure> figures() {
        return switch (this) {
            case COPY, MIGRATE -> List.of(new Figure("ratio", true));
            case FAULT -> List.of(new Figure("ratio", false));
            case METADATA ->
                    List.of(
                            new Figure("pagesPerSecond", true),
                            new Figure("bytesPerPage", false),
                            new Figure("initMicros", false));
        };
    }

    /// What a row is about, for people, and the key by which rows of two runs are matched.
    String key(Row row) {
        StringBuilder key = new StringBuilder();
        for (String field : identity()) {
            if (row.has(field)) {
                key.append(key.isEmpty() ? "" : ", ").append(field).append(' ');
                key.append(row.text(field));
            }
        }
        return key.toString();
    }
}
