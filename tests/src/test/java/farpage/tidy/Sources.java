package farpage.tidy;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/// The sources of the project, as text and as the compiler's trees.
final class Sources {
    /// The modules with a descriptor.
    static final List<String> MODULES = List.of("host-mm", "opencl-kernels", "emulator", "cli");

    private static final List<String> FOLDERS =
            List.of("host-mm", "opencl-kernels", "emulator", "cli", "tests");
    private static final boolean UPDATE = Boolean.getBoolean("farpage.tidy.update");

    /// One parsed file.
    ///
    /// @param path from the root of the project
    /// @param docs gives the comments
    record JavaFile(String path, CompilationUnitTree unit, DocTrees docs) {
        /// The comment of a type of this file; empty if it has none.
        String comment(ClassTree type) {
            String comment = docs.getDocComment(TreePath.getPath(unit, type));
            return comment == null ? "" : comment;
        }

        long line(long position) {
            return unit.getLineMap().getLineNumber(position);
        }

        boolean isTest() {
            return path.contains("/src/test/");
        }

        String packageName() {
            return String.valueOf(unit.getPackageName());
        }
    }

    private Sources() {}

    /// The folder of the project.
    static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isRegularFile(folder.resolve("check"))) {
            Path parent = folder.getParent();
            if (parent == null) {
                throw new IllegalStateException("no project above " + Path.of("").toAbsolutePath());
            }
            folder = parent;
        }
        return folder;
    }

    static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }

    static List<String> lines(Path file) {
        return read(file).lines().toList();
    }

    /// From the root, with slashes.
    static String relative(Path file) {
        return root().relativize(file).toString();
    }

    /// Files with one of the endings, outside of build folders.
    static List<Path> files(Set<String> endings) {
        List<Path> found = new ArrayList<>();
        List<Path> folders = new ArrayList<>(FOLDERS.stream().map(root()::resolve).toList());
        folders.add(root().resolve("docs"));
        for (Path folder : folders) {
            found.addAll(filesBelow(folder, endings));
        }
        return found;
    }

    private static List<Path> filesBelow(Path folder, Set<String> endings) {
        try (Stream<Path> walk = Files.walk(folder)) {
            return walk.filter(file -> endings.contains(ending(file)))
                    .filter(file -> !relative(file).contains("/target/"))
                    .filter(Files::isRegularFile)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(folder.toString(), e);
        }
    }

    private static String ending(Path file) {
        String name = String.valueOf(file.getFileName());
        return name.substring(name.lastIndexOf('.') + 1);
    }

    /// Every Java file, parsed.
    static List<JavaFile> parse() {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager manager =
                compiler.getStandardFileManager(null, Locale.ROOT, StandardCharsets.UTF_8)) {
            List<Path> files = files(Set.of("java"));
            JavacTask task =
                    (JavacTask)
                            compiler.getTask(
                                    null,
                                    manager,
                                    null,
                                    List.of("-proc:none"),
                                    null,
                                    manager.getJavaFileObjectsFromPaths(files));
            DocTrees docs = DocTrees.instance(task);
            List<JavaFile> parsed = new ArrayList<>();
            for (CompilationUnitTree unit : task.parse()) {
                Path path = Path.of(unit.getSourceFile().toUri());
                parsed.add(new JavaFile(relative(path), unit, docs));
            }
            return parsed;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The packages that the descriptors export.
    static Set<String> exportedPackages() {
        Set<String> exported = new TreeSet<>();
        for (String module : MODULES) {
            for (String line : lines(root().resolve(module + "/src/main/java/module-info.java"))) {
                String statement = line.strip();
                if (statement.startsWith("exports ")) {
                    exported.add(statement.substring("exports ".length()).replace(";", ""));
                }
            }
        }
        return exported;
    }

    /// Compares a generated file with what it should be, or writes it.
    ///
    /// @return what is wrong with it; empty if nothing is
    static String compareOrWrite(Path file, String expected, Class<?> test) {
        if (UPDATE) {
            try {
                Files.createDirectories(file.toAbsolutePath().getParent());
                Files.writeString(file, expected);
            } catch (IOException e) {
                throw new UncheckedIOException(file.toString(), e);
            }
        }
        String actual = Files.exists(file) ? read(file) : "";
        if (actual.equals(expected)) {
            return "";
        }
        return relative(file)
                + " is out of date; missing "
                + difference(expected, actual)
                + ", no longer true "
                + difference(actual, expected)
                + "; to write it: ./check -pl tests -am -Dtest="
                + test.getSimpleName()
                + " -Dsurefire.failIfNoSpecifiedTests=false -Dfarpage.tidy.update=true";
    }

    /// The first lines of one text that the other does not have.
    private static List<String> difference(String text, String other) {
        List<String> others = other.lines().toList();
        return text.lines().filter(line -> !others.contains(line)).limit(5).toList();
    }
}
