package farpage.emulator.copy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import farpage.mm.Check;
import farpage.mm.Page;
import org.junit.jupiter.api.Test;

final class DistinctPagesTest {
    private final DistinctPages distinct = new DistinctPages();
    private final CopyBatch batch = new CopyBatch(16);

    private void add(long from, long to, int count) {
        batch.add(Page.ofDevicePfn(from), Page.ofDevicePfn(to), count);
    }

    private String refusal() {
        return String.valueOf(
                assertThrows(Check.Broken.class, () -> distinct.check(batch)).getMessage());
    }

    @Test
    void pagesBesideEachOtherAreDistinct() {
        add(64, 0, 64);
        add(200, 128, 64);
        add(199, 1_000_000, 1);
        distinct.check(batch);
        batch.clear();
        add(0, 64, 64); // nothing of the batch before is left
        distinct.check(batch);
    }

    @Test
    void aPageMayBeReadTwice() {
        add(5, 10, 2);
        add(5, 20, 2);
        distinct.check(batch);
    }

    @Test
    void everyPageOfARunCounts() {
        for (int shared = 0; shared < 130; shared++) {
            DistinctPages fresh = new DistinctPages();
            batch.clear();
            add(500, 300, 130);
            add(300 + shared, 700, 1);
            String page = Page.describe(Page.ofDevicePfn(300 + shared));
            assertEquals(
                    page + " is a source and a destination of one batch",
                    assertThrows(Check.Broken.class, () -> fresh.check(batch)).getMessage());
        }
    }

    @Test
    void aRunThatOverlapsItselfIsRefused() {
        add(10, 8, 4);
        assertEquals(
                Page.describe(Page.ofDevicePfn(10)) + " is a source and a destination of one batch",
                refusal());
    }

    @Test
    void aDestinationIsWrittenOnce() {
        add(0, 10, 4);
        add(4, 13, 2);
        assertEquals(
                Page.describe(Page.ofDevicePfn(13)) + " is the destination of two pages",
                refusal());
        batch.clear();
        add(0, 10, 4); // nothing of the refused batch is left
        distinct.check(batch);
    }
}
