package farpage.tidy;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.TreePathScanner;
import farpage.tidy.Sources.JavaFile;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.lang.model.element.Modifier;
import org.jspecify.annotations.Nullable;

/// A type that other modules can use.
///
/// @param packageName its package, which is exported
/// @param name its name within the package: `Outer.Inner`
/// @param comment its documentation comment
record PublicType(String packageName, String name, String comment) {
    private static final Pattern TAG =
            Pattern.compile("(?ms)^\\s*@(kernel|opencl)\\s+(.*?)(?=^\\s*@|\\z)");

    /// All of them, by package and name.
    static List<PublicType> all() {
        Set<String> exported = Sources.exportedPackages();
        List<PublicType> types = new ArrayList<>();
        for (JavaFile file : Sources.parse()) {
            if (!file.path().contains("/src/main/java/") || file.path().startsWith("tests/")) {
                continue;
            }
            if (exported.contains(file.packageName())) {
                collect(file, types);
            }
        }
        types.sort(Comparator.comparing(PublicType::packageName).thenComparing(PublicType::name));
        return types;
    }

    private static void collect(JavaFile file, List<PublicType> types) {
        new TreePathScanner<@Nullable Void, @Nullable Void>() {
            private String outer = "";

            @Override
            public @Nullable Void visitClass(ClassTree type, @Nullable Void unused) {
                Tree parent = getCurrentPath().getParentPath().getLeaf();
                boolean open =
                        type.getModifiers().getFlags().contains(Modifier.PUBLIC)
                                || parent.getKind() == Tree.Kind.INTERFACE;
                if (!open) {
                    return null;
                }
                String before = outer;
                outer += (outer.isEmpty() ? "" : ".") + type.getSimpleName();
                types.add(new PublicType(file.packageName(), outer, file.comment(type)));
                super.visitClass(type, null);
                outer = before;
                return null;
            }
        }.scan(file.unit(), null);
    }

    boolean isNested() {
        return name.contains(".");
    }

    /// What it says of its counterpart after a tag, on one line; empty if it has no such tag.
    String tag(String tag) {
        Matcher matcher = TAG.matcher(comment);
        while (matcher.find()) {
            if (matcher.group(1).equals(tag)) {
                return matcher.group(2).strip().replaceAll("\\s+", " ");
            }
        }
        return "";
    }
}
