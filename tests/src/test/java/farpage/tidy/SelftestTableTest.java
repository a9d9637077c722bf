package farpage.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.TreePath;
import farpage.tidy.Sources.JavaFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The table of the kernel's test cases is made from the suite that runs them.
final class SelftestTableTest {
    private static final String PACKAGE = "farpage.emulator.selftest";
    private static final String SUITE =
            "emulator/src/main/java/farpage/emulator/selftest/SelftestSuite.java";

    /// `hmm("name", SomeCases::method)`.
    private static final Pattern ENTRY =
            Pattern.compile("\\b(hmm2?|proposed)\\(\\s*\"(\\w+)\",\\s*(\\w+)::(\\w+)\\)");

    private static final String HEAD =
            """
            # The kernel's test cases

            Each case of `tools/testing/selftests/mm/hmm-tests.c` by its upstream name: what it shows and which method of
            `farpage.emulator.selftest` it is built in, from the behaviour alone. Fixture `hmm` opens one device, `hmm2` two. Every case runs on
            device-private memory (devices 0 and 1) and on device-coherent memory (devices 2 and 3). `./farpage selftest` runs them
            ([CLI.md](CLI.md#selftest)); `SelftestTest` has each as a test, on either kind of memory and through either binding.

            The cases that need pages of the hugetlb pool fill the pool themselves. `benchmark_thp_migration` measures, and expects nothing of what
            it measures; its table has the rows of the kernel's program, and below them the time of the migrations alone, without the device's reading of what came and the
            copy of that to the process. A buffer of which the machine's memory is not twice as large is not measured, and named.

            This file is written by `SelftestTableTest`, run with `-Dfarpage.tidy.update=true`.

            | # | fixture | case | built in | what it shows |
            | --- | --- | --- | --- | --- |
            """;

    private static final String PROPOSED =
            """

            ## Pages of files on devices

            These four were proposed with file-backed device memory and are not in Linux ([designs/file-backed.md](designs/file-backed.md)). They
            are run with `--file-backed=migrate` or `--file-backed=copy`, after those above; device-coherent memory skips them. All cases
            above hold in these modes as they do without.

            | # | fixture | case | built in | what it shows |
            | --- | --- | --- | --- | --- |
            """;

    private static final String TAIL =
            """

            ## With every switch

            `SelftestMatrixTest` runs the cases on machines with these switches in every combination:

            | switch | settings | option of `selftest` |
            | --- | --- | --- |
            | number space of device pages | `offset`, `physical` | `--number-space` |
            | orders of folios on devices | 0; 9; 2-9 | |
            | pages of files on devices | `off`, `migrate`, `copy` | `--file-backed` |
            | devices use each other's memory, and join base pages | neither; `unified` and joined; `two-pages` | `--peer`, `--collapse` |

            On every push each case runs with two of the combinations, in turn; `-Dfarpage.matrix=all` runs all with all. All pass, in each number
            space, with and without peers alike. `migrate_anon_huge_err` and `migrate_anon_huge_zero_err` refuse one folio of 2 MiB, so they are left out where a device has none:

            The whole is 4428 cases, six minutes on two cores. With `--peer` the case `snapshot` expects that a device is told of the other one's page:

            ```
            ./check -pl tests -am -Dtest=SelftestMatrixTest -Dfarpage.matrix=all -Dsurefire.failIfNoSpecifiedTests=false
            ```

            | | orders 0 | orders 9 | orders 2-9 |
            | --- | --- | --- | --- |
            | `off` | 74 of 74 | 78 of 78 | 78 of 78 |
            | `migrate` | 78 of 78 and 4 skipped | 82 of 82 and 4 skipped | 82 of 82 and 4 skipped |
            | `copy` | 78 of 78 and 4 skipped | 82 of 82 and 4 skipped | 82 of 82 and 4 skipped |
            """;

    @Test
    void tableIsUpToDate() {
        String suite = Sources.read(Sources.root().resolve(SUITE));
        Map<String, String> comments = comments();
        List<String> rows = new ArrayList<>();
        Matcher entry = ENTRY.matcher(suite);
        while (entry.find()) {
            if (entry.group(1).equals("proposed") && rows.size() == 39) {
                rows.add(PROPOSED);
            }
            rows.add(row(rows.size() + (rows.size() < 39 ? 1 : 0), entry, comments));
        }
        assertEquals(44, rows.size());
        assertEquals(
                "",
                Sources.compareOrWrite(
                        Sources.root().resolve("docs/SELFTEST.md"),
                        HEAD + String.join("", rows) + TAIL,
                        getClass()));
    }

    private static String row(int number, Matcher entry, Map<String, String> comments) {
        String method = entry.group(3) + "." + entry.group(4);
        String shows = comments.get(method);
        assertTrue(shows != null && !shows.isEmpty(), entry.group());
        return "| %d | `%s` | `%s` | `%s` | %s |\n"
                .formatted(
                        number,
                        entry.group(1).replace("proposed", "hmm"),
                        entry.group(2),
                        method,
                        shows.replace("|", "\\|"));
    }

    /// What the comment of each case's method says.
    private static Map<String, String> comments() {
        Map<String, String> comments = new TreeMap<>();
        for (JavaFile file : Sources.parse()) {
            if (!file.packageName().equals(PACKAGE) || file.isTest()) {
                continue;
            }
            for (Tree type : file.unit().getTypeDecls()) {
                if (type instanceof ClassTree named) {
                    named.getMembers().forEach(member -> addComment(comments, file, named, member));
                }
            }
        }
        return comments;
    }

    private static void addComment(
            Map<String, String> comments, JavaFile file, ClassTree type, Tree member) {
        if (member instanceof MethodTree method) {
            String comment = file.docs().getDocComment(TreePath.getPath(file.unit(), method));
            comments.put(
                    type.getSimpleName() + "." + method.getName(),
                    comment == null ? "" : comment.strip().replaceAll("\\s+", " "));
        }
    }
}
