package farpage.mm.inspect;

import java.util.ArrayList;
import java.util.List;

/// The lines that a check reports, up to a limit: one defect shows on many pages.
final class Findings {
    private static final int LIMIT = 100;

    private final List<String> lines = new ArrayList<>();

    void add(String line) {
        if (lines.size() < LIMIT) {
            lines.add(line);
        }
    }

    void addUnless(boolean holds, Object where, String broken) {
        if (!holds) {
            add(where + ": " + broken);
        }
    }

    List<String> lines() {
        return List.copyOf(lines);
    }
}
