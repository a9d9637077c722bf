package farpage.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// The glossary is made from the tags of the public types, so it can not become wrong.
final class GlossaryTest {
    private static final String HEAD =
            """
            # Glossary

            Each public type and what it models, from the `@kernel` and `@opencl` tags of the sources. It is
            written by `GlossaryTest`, run with `-Dfarpage.tidy.update=true`.

            """;

    private final List<PublicType> types = PublicType.all();

    @Test
    void glossaryIsUpToDate() {
        String expected =
                HEAD
                        + table("Linux", "kernel", "in the kernel")
                        + "\n"
                        + table("OpenCL", "opencl", "in OpenCL");
        assertTrue(expected.lines().count() > 60, expected);
        assertEquals(
                "",
                Sources.compareOrWrite(
                        Sources.root().resolve("docs/GLOSSARY.md"), expected, getClass()));
    }

    private String table(String title, String tag, String column) {
        String rows =
                types.stream()
                        .filter(type -> !type.isNested() && hasCounterpart(type.tag(tag)))
                        .sorted(Comparator.comparing(PublicType::name))
                        .map(type -> row(type, tag))
                        .collect(Collectors.joining());
        return "## "
                + title
                + "\n\n| here | package | "
                + column
                + " |\n| --- | --- | --- |\n"
                + rows;
    }

    /// Some types say that there is none.
    private static boolean hasCounterpart(String counterpart) {
        return !counterpart.isEmpty() && !counterpart.toLowerCase(Locale.ROOT).startsWith("none");
    }

    private static String row(PublicType type, String tag) {
        return "| `"
                + type.name()
                + "` | `"
                + type.packageName()
                + "` | "
                + type.tag(tag).replace("|", "\\|")
                + " |\n";
    }
}
