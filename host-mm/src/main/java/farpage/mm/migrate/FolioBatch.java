package farpage.mm.migrate;

import farpage.mm.Page;
import java.util.Arrays;

/// Folios that are unmapped together before the first of them moves.
///
/// @kernel mm/migrate.c: migrate_pages_batch
final class FolioBatch {
    private long[] from = new long[64];
    private long[] to = new long[64];
    private int[] origins = new int[64];
    private long[] unmappedAt = new long[64];
    private FolioStep[] steps = new FolioStep[64];
    private int count;

    void clear() {
        count = 0;
    }

    /// Adds an isolated folio.
    ///
    /// @param origin which of the caller's folios it is, or was part of
    void add(long page, int origin) {
        if (count == from.length) {
            from = Arrays.copyOf(from, 2 * count);
            to = Arrays.copyOf(to, 2 * count);
            origins = Arrays.copyOf(origins, 2 * count);
            unmappedAt = Arrays.copyOf(unmappedAt, 2 * count);
            steps = Arrays.copyOf(steps, 2 * count);
        }
        from[count] = page;
        to[count] = Page.NONE;
        origins[count] = origin;
        steps[count] = FolioStep.ISOLATED;
        count++;
    }

    int count() {
        return count;
    }

    long from(int i) {
        return from[i];
    }

    long to(int i) {
        assert to[i] != Page.NONE;
        return to[i];
    }

    int origin(int i) {
        return origins[i];
    }

    FolioStep step(int i) {
        return steps[i];
    }

    long unmappedAt(int i) {
        return unmappedAt[i];
    }

    void unmapped(int i, long destination, long now) {
        to[i] = destination;
        unmappedAt[i] = now;
        change(i, FolioStep.UNMAPPED);
    }

    void copied(int i) {
        change(i, FolioStep.COPIED);
    }

    /// It is mapped as it was.
    void undone(int i) {
        to[i] = Page.NONE;
        change(i, FolioStep.ISOLATED);
    }

    void done(int i) {
        change(i, FolioStep.DONE);
    }

    private void change(int i, FolioStep next) {
        assert steps[i].precedes(next) : steps[i] + " before " + next;
        steps[i] = next;
    }
}
