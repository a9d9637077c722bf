package farpage.mm.migrate;

import java.util.Arrays;

/// Isolated folios that wait for their turn, in order.
///
/// @kernel include/linux/list.h: struct list_head
final class FolioQueue {
    private long[] pages = new long[64];
    private int[] origins = new int[64];
    private int first;
    private int end;

    void add(long page, int origin) {
        if (end == pages.length) {
            pages = Arrays.copyOf(pages, 2 * end);
            origins = Arrays.copyOf(origins, 2 * end);
        }
        pages[end] = page;
        origins[end++] = origin;
    }

    boolean isEmpty() {
        return first == end;
    }

    long firstPage() {
        assert !isEmpty();
        return pages[first];
    }

    int firstOrigin() {
        assert !isEmpty();
        return origins[first];
    }

    void removeFirst() {
        assert !isEmpty();
        first++;
        if (first == end) {
            first = 0;
            end = 0;
        }
    }
}
