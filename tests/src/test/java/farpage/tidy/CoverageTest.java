package farpage.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.util.TreeScanner;
import farpage.tidy.Sources.JavaFile;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The table of behaviours and the tests that cover them is made from the tests' tags.
final class CoverageTest {
    private static final Pattern TAG = Pattern.compile("\"(T-\\d+\\.\\d+)\"");
    private static final String LARGE = " large";

    private static final String HEAD =
            """
            # Coverage

            The behaviours of Linux that are listed for testing, by chapter (1 data structures, 2 migration, 3 the rest of memory
            management, 4 `hmm_range_fault`, 5 exclusive access, 6 the test driver, 8 pages of files on devices, 10 large folios), and the tests
            that carry their tag, `@Tag("T-2.8")`. It is written by `CoverageTest`, run with `-Dfarpage.tidy.update=true`; the descriptions are in
            `tests/src/test/resources/tidy/behaviours.txt`. The kernel's own cases are in [SELFTEST.md](SELFTEST.md).

            """;

    /// A behaviour by its id.
    private record Behaviour(String id, boolean isLarge, String description) {}

    private static final List<Behaviour> BEHAVIOURS = new ArrayList<>();
    private static final Map<String, TreeSet<String>> TESTS = new TreeMap<>();

    @BeforeAll
    static void collect() {
        for (String line :
                Sources.lines(
                        Sources.root().resolve("tests/src/test/resources/tidy/behaviours.txt"))) {
            if (!line.startsWith("#")) {
                String[] parts = line.split("\t", 2);
                boolean isLarge = parts[0].endsWith(LARGE);
                BEHAVIOURS.add(new Behaviour(parts[0].replace(LARGE, ""), isLarge, parts[1]));
            }
        }
        Sources.parse().stream().filter(JavaFile::isTest).forEach(CoverageTest::collectTags);
    }

    /// Tags of methods name the method; those of a class the class.
    private static void collectTags(JavaFile file) {
        new TreeScanner<@Nullable Void, @Nullable Void>() {
            private final Deque<String> types = new ArrayDeque<>();

            @Override
            public @Nullable Void visitClass(ClassTree type, @Nullable Void unused) {
                types.addLast(type.getSimpleName().toString());
                add(type.getModifiers(), String.join(".", types));
                super.visitClass(type, null);
                types.removeLast();
                return null;
            }

            @Override
            public @Nullable Void visitMethod(MethodTree method, @Nullable Void unused) {
                add(method.getModifiers(), String.join(".", types) + "." + method.getName());
                return super.visitMethod(method, null);
            }

            private void add(ModifiersTree modifiers, String test) {
                for (AnnotationTree annotation : modifiers.getAnnotations()) {
                    Matcher tag = TAG.matcher(annotation.toString());
                    while (tag.find()) {
                        TESTS.computeIfAbsent(tag.group(1), _ -> new TreeSet<>()).add(test);
                    }
                }
            }
        }.scan(file.unit(), null);
    }

    @Test
    void everyTagIsAKnownBehaviour() {
        TreeSet<String> unknown = new TreeSet<>(TESTS.keySet());
        BEHAVIOURS.forEach(behaviour -> unknown.remove(behaviour.id()));
        assertEquals(new TreeSet<>(), unknown);
        assertTrue(BEHAVIOURS.size() > 80, "behaviours: " + BEHAVIOURS.size());
    }

    /// Those about large folios wait for them.
    @Test
    void everyBehaviourHasATest() {
        assertEquals(
                List.of(),
                BEHAVIOURS.stream()
                        .filter(one -> !one.isLarge() && !TESTS.containsKey(one.id()))
                        .map(Behaviour::id)
                        .toList());
    }

    @Test
    void tableIsUpToDate() {
        StringBuilder text = new StringBuilder(HEAD);
        long covered = BEHAVIOURS.stream().filter(one -> TESTS.containsKey(one.id())).count();
        text.append("%d of %d have a test.%n%n".formatted(covered, BEHAVIOURS.size()));
        text.append("| id | behaviour | tests |\n| --- | --- | --- |\n");
        for (Behaviour behaviour : BEHAVIOURS) {
            text.append("| ")
                    .append(behaviour.id())
                    .append(" | ")
                    .append(behaviour.description())
                    .append(" | ")
                    .append(tests(behaviour))
                    .append(" |\n");
        }
        assertEquals(
                "",
                Sources.compareOrWrite(
                        Sources.root().resolve("docs/COVERAGE.md"), text.toString(), getClass()));
    }

    private static String tests(Behaviour behaviour) {
        TreeSet<String> tests = TESTS.getOrDefault(behaviour.id(), new TreeSet<>());
        if (tests.isEmpty()) {
            return "comes with large folios";
        }
        return "`" + String.join("`, `", tests) + "`";
    }
}
