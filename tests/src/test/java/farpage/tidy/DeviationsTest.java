package farpage.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Each deviation that is a choice names the test that pins it.
final class DeviationsTest {
    private static final Pattern ROW = Pattern.compile("^\\| (\\d+) \\|.*\\|([^|]*)\\|([^|]*)\\|$");
    private static final Pattern TEST = Pattern.compile("`(\\w+)`");

    @Test
    void everyChoiceNamesATestThatExists() {
        Set<String> classes =
                Sources.files(Set.of("java")).stream()
                        .map(file -> String.valueOf(file.getFileName()).replace(".java", ""))
                        .collect(Collectors.toSet());
        List<String> wrong = new ArrayList<>();
        int choices = 0;
        Path document = Sources.root().resolve("docs/DEVIATIONS.md");
        for (String line : Sources.read(document).lines().toList()) {
            Matcher row = ROW.matcher(line);
            if (row.matches() && row.group(2).contains("choice")) {
                choices++;
                Matcher test = TEST.matcher(row.group(3));
                if (!test.find() || !classes.contains(test.group(1))) {
                    wrong.add("row " + row.group(1) + ": " + row.group(3).strip());
                }
            }
        }
        assertTrue(choices > 5, "choices: " + choices);
        assertEquals(List.of(), wrong);
    }
}
