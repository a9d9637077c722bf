package farpage.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.MemberReferenceTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.TreeScanner;
import farpage.tidy.Sources.JavaFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Rules about each file: docs/STYLE.md says why.
final class SourceRulesTest {
    private static final int LINES_OF_A_FILE = 800;
    private static final int LINES_OF_A_METHOD = 60;
    private static final int COLUMNS = 100;

    /// What asks the system for time or chance, or waits for nothing.
    private static final Set<String> BANNED =
            Set.of(
                    "System.nanoTime",
                    "System.currentTimeMillis",
                    "Thread.sleep",
                    "Math.random",
                    "Instant.now");

    /// The edges where clocks come from.
    private static final Set<String> ADAPTERS =
            Set.of(
                    "cli/src/main/java/farpage/cli/CliEnvironment.java",
                    "emulator/src/main/java/farpage/emulator/EmulatorConfig.java",
                    "tests/src/test/java/farpage/cli/CommandRun.java");

    private static final Pattern MARKER =
            Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X|HAC" + "K)\\b");

    private static List<JavaFile> files = List.of();

    @BeforeAll
    static void parse() {
        files = Sources.parse();
    }

    private static void assertNone(List<String> findings) {
        assertEquals(List.of(), findings);
    }

    /// Rules about no files would hold.
    @Test
    void allFilesAreLookedAt() {
        assertTrue(files.size() > 200, "files: " + files.size());
        assertTrue(files.stream().anyMatch(file -> file.path().endsWith("/mm/Mm.java")));
    }

    @Test
    void filesAreShort() {
        List<String> findings = new ArrayList<>();
        for (Path file : Sources.files(Set.of("java", "cl", "clh", "sh"))) {
            int lines = Sources.lines(file).size();
            if (lines > LINES_OF_A_FILE) {
                findings.add(Sources.relative(file) + ": " + lines + " lines");
            }
        }
        assertNone(findings);
    }

    /// A long text may stay on a line of its own: cut in two it could not be searched for.
    @Test
    void linesAreShort() {
        List<String> findings = new ArrayList<>();
        for (Path file : Sources.files(Set.of("java", "cl", "clh", "sh"))) {
            List<String> lines = Sources.lines(file);
            boolean inTextBlock = false;
            for (int i = 0; i < lines.size(); i++) {
                String line = lines.get(i);
                inTextBlock ^= line.split("\"\"\"", -1).length % 2 == 0;
                boolean exempt = inTextBlock || line.startsWith("import ") || line.contains("\"");
                if (line.codePointCount(0, line.length()) > COLUMNS && !exempt) {
                    findings.add(Sources.relative(file) + ":" + (i + 1));
                }
            }
        }
        assertNone(findings);
    }

    @Test
    void methodsAreShort() {
        List<String> findings = new ArrayList<>();
        for (JavaFile file : files) {
            new TreeScanner<@Nullable Void, @Nullable Void>() {
                @Override
                public @Nullable Void visitMethod(MethodTree method, @Nullable Void unused) {
                    long first = file.line(start(file, method));
                    long last = file.line(end(file, method));
                    if (last - first + 1 > LINES_OF_A_METHOD) {
                        findings.add(
                                file.path()
                                        + ": "
                                        + method.getName()
                                        + ", "
                                        + (last - first + 1)
                                        + " lines");
                    }
                    return super.visitMethod(method, null);
                }
            }.scan(file.unit(), null);
        }
        assertNone(findings);
    }

    private static long start(JavaFile file, Tree tree) {
        return file.docs().getSourcePositions().getStartPosition(file.unit(), tree);
    }

    private static long end(JavaFile file, Tree tree) {
        return file.docs().getSourcePositions().getEndPosition(file.unit(), tree);
    }

    @Test
    void timeAndChanceComeThroughAdapters() {
        List<String> findings = new ArrayList<>();
        for (JavaFile file : files) {
            if (ADAPTERS.contains(file.path())) {
                continue;
            }
            new TreeScanner<@Nullable Void, @Nullable Void>() {
                @Override
                public @Nullable Void visitMemberSelect(
                        MemberSelectTree select, @Nullable Void unused) {
                    report(select.toString(), start(file, select));
                    return super.visitMemberSelect(select, null);
                }

                @Override
                public @Nullable Void visitMemberReference(
                        MemberReferenceTree reference, @Nullable Void unused) {
                    report(reference.toString().replace("::", "."), start(file, reference));
                    return super.visitMemberReference(reference, null);
                }

                private void report(String use, long position) {
                    if (BANNED.contains(use)) {
                        findings.add(file.path() + ":" + file.line(position) + ": " + use);
                    }
                }
            }.scan(file.unit(), null);
        }
        assertNone(findings);
    }

    @Test
    void adaptersExist() {
        for (String adapter : ADAPTERS) {
            assertTrue(Sources.root().resolve(adapter).toFile().isFile(), adapter);
        }
    }

    @Test
    void noPlansAreLeftInTheSources() {
        List<String> findings = new ArrayList<>();
        for (Path file : Sources.files(Set.of("java", "cl", "clh", "sh", "md", "xml"))) {
            List<String> lines = Sources.lines(file);
            for (int i = 0; i < lines.size(); i++) {
                if (MARKER.matcher(lines.get(i)).find()) {
                    findings.add(Sources.relative(file) + ":" + (i + 1));
                }
            }
        }
        assertNone(findings);
    }

    @Test
    void everyPackageIsDescribedAndNullMarked() {
        Set<String> described = new TreeSet<>();
        Set<String> packages = new TreeSet<>();
        for (JavaFile file : files) {
            if (file.path().endsWith("/package-info.java")) {
                for (AnnotationTree annotation : file.unit().getPackageAnnotations()) {
                    if (annotation.getAnnotationType().toString().endsWith("NullMarked")) {
                        described.add(file.packageName());
                    }
                }
            } else if (!file.path().endsWith("/module-info.java")) {
                packages.add(file.packageName());
            }
        }
        packages.removeAll(described);
        assertEquals(Set.of(), packages);
    }

    @Test
    void testsAreNamedByWhatTheyShow() {
        List<String> findings = new ArrayList<>();
        for (JavaFile file : files.stream().filter(JavaFile::isTest).toList()) {
            new TreeScanner<@Nullable Void, @Nullable Void>() {
                @Override
                public @Nullable Void visitMethod(MethodTree method, @Nullable Void unused) {
                    String name = method.getName().toString();
                    boolean test =
                            method.getModifiers().getAnnotations().stream()
                                    .anyMatch(one -> one.toString().startsWith("@Test"));
                    if (test && name.matches("(test|should|check)([A-Z0-9_].*)?")) {
                        findings.add(file.path() + ": " + name);
                    }
                    return super.visitMethod(method, null);
                }
            }.scan(file.unit(), null);
        }
        assertNone(findings);
    }
}
