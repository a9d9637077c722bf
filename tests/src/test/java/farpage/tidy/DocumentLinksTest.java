package farpage.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Links between documents lead somewhere.
final class DocumentLinksTest {
    private static final Pattern LINK = Pattern.compile("\\[[^\\]]*\\]\\(([^)\\s]+)\\)");

    private static List<Path> documents() {
        List<Path> documents = new ArrayList<>(Sources.files(Set.of("md")));
        Path readme = Sources.root().resolve("README.md");
        if (Files.exists(readme)) {
            documents.add(readme);
        }
        return documents;
    }

    @Test
    void everyLinkLeadsToAFileAndAHeading() {
        List<String> broken = new ArrayList<>();
        int links = 0;
        for (Path document : documents()) {
            Matcher matcher = LINK.matcher(withoutCode(Sources.read(document)));
            while (matcher.find()) {
                links++;
                if (!resolves(document, matcher.group(1))) {
                    broken.add(Sources.relative(document) + ": " + matcher.group(1));
                }
            }
        }
        assertTrue(links > 10, "links: " + links);
        assertEquals(List.of(), broken);
    }

    @Test
    void brokenLinksAreSeen() {
        Path document = Sources.root().resolve("docs/STYLE.md");
        assertTrue(resolves(document, "HACKING.md"));
        assertTrue(resolves(document, "STYLE.md#what-keeps-the-rules"));
        assertTrue(resolves(document, "#names"));
        assertTrue(!resolves(document, "NOWHERE.md"));
        assertTrue(!resolves(document, "#nothing-of-the-kind"));
    }

    private static boolean resolves(Path document, String link) {
        if (link.startsWith("https://") || link.startsWith("http://")) {
            return true;
        }
        int hash = link.indexOf('#');
        String file = hash < 0 ? link : link.substring(0, hash);
        Path target = file.isEmpty() ? document : document.resolveSibling(file).normalize();
        if (!Files.exists(target)) {
            return false;
        }
        return hash < 0 || headings(target).contains(link.substring(hash + 1));
    }

    /// The anchors of a document: headings in lower case, words joined by hyphens.
    private static List<String> headings(Path document) {
        return withoutCode(Sources.read(document))
                .lines()
                .filter(line -> line.startsWith("#"))
                .map(line -> line.replaceFirst("^#+ *", "").toLowerCase(Locale.ROOT))
                .map(text -> text.replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-'))
                .toList();
    }

    private static String withoutCode(String text) {
        return text.replaceAll("(?ms)^```.*?^```", "");
    }
}
