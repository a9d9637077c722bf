package farpage.emulator.copy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.mm.Page;
import farpage.opencl.ClBuffer;
import org.junit.jupiter.api.Test;

/// Runs of device pages whose buffers hold 64 pages each.
final class CopyRunsTest {
    private static final int BUFFER_PAGES = 64;

    private final CopyBatch batch = new CopyBatch(256);
    private final CopyRuns runs = new CopyRuns();

    /// Places without buffers: splitting asks only where a buffer ends.
    private final PageBuffers buffers =
            new PageBuffers() {
                @Override
                public ClBuffer buffer(long page) {
                    throw new AssertionError("not asked for");
                }

                @Override
                public long offset(long page) {
                    throw new AssertionError("not asked for");
                }

                @Override
                public int pagesToEnd(long page) {
                    return BUFFER_PAGES - (int) (Page.devicePfn(page) % BUFFER_PAGES);
                }
            };

    private void add(long pfn, long devicePfn, int count) {
        for (int i = 0; i < count; i++) {
            batch.add(Page.ofPfn(pfn + i), Page.ofDevicePfn(devicePfn + i));
        }
    }

    private void addZeros(long devicePfn, int count) {
        for (int i = 0; i < count; i++) {
            batch.addZero(Page.ofDevicePfn(devicePfn + i));
        }
    }

    /// Runs as `start+length`, then the scattered pairs with a source, then those without.
    private String split(CopyPolicy policy) {
        runs.split(batch, buffers, true, policy);
        StringBuilder text = new StringBuilder();
        for (int run = 0; run < runs.runCount(); run++) {
            text.append(runs.runStart(run)).append('+').append(runs.runLength(run)).append(' ');
        }
        text.append('|');
        for (int i = 0; i < runs.copiedCount(); i++) {
            text.append(' ').append(runs.copied(i));
        }
        text.append(" |");
        for (int i = 0; i < runs.clearedCount(); i++) {
            text.append(' ').append(runs.cleared(i));
        }
        return text.toString();
    }

    @Test
    void neighboursOnBothSidesFormARun() {
        add(100, 0, 10);
        assertEquals("0+10 | |", split(CopyPolicy.allDirect()));
    }

    @Test
    void aJumpOnEitherSideEndsARun() {
        add(100, 0, 3);
        add(200, 3, 2);
        add(202, 10, 4);
        assertEquals("0+3 3+2 5+4 | |", split(CopyPolicy.allDirect()));
    }

    @Test
    void aRunEndsWithItsBuffer() {
        add(100, 60, 10);
        assertEquals("0+4 4+6 | |", split(CopyPolicy.allDirect()));
    }

    @Test
    void zerosRunByTheirDestinationAlone() {
        add(100, 0, 2);
        addZeros(2, 5);
        addZeros(20, 3);
        assertEquals("0+2 2+5 7+3 | |", split(CopyPolicy.allDirect()));
    }

    @Test
    void shortRunsAreScattered() {
        add(100, 0, 4);
        add(200, 10, 3);
        addZeros(20, 2);
        addZeros(30, 4);
        assertEquals("0+4 9+4 | 4 5 6 | 7 8", split(CopyPolicy.stagedBelow(4)));
    }

    @Test
    void fewScatteredPagesGoStraight() {
        add(100, 0, 4);
        add(200, 10, 1);
        addZeros(20, 1);
        assertEquals("0+4 4+1 5+1 | |", split(new CopyPolicy(4, 3)));
        assertEquals("0+4 | 4 | 5", split(new CopyPolicy(4, 2)));
    }

    @Test
    void manyRunsAndManyScatteredPagesFindRoom() {
        for (int i = 0; i < 100; i++) {
            add(1000 + 10L * i, 2L * i, 1);
        }
        runs.split(batch, buffers, true, CopyPolicy.allDirect());
        assertEquals(100, runs.runCount());
        runs.split(batch, buffers, true, CopyPolicy.stagedBelow(2));
        assertEquals(0, runs.runCount());
        assertEquals(100, runs.copiedCount());
        assertEquals(99, runs.copied(99));
    }
}
