package farpage.emulator.copy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.mm.Page;
import farpage.opencl.ClBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Runs of device pages whose buffers hold 64 pages each.
final class CopyRunsTest {
    private static final int BUFFER_PAGES = 64;

    private static final CopyTable ALL_DIRECT = CopyTable.only(CopyMethod.DIRECT);

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

    private static CopyTable staged(int fromPages, int directRunPages) {
        CopyTable.Step staged = new CopyTable.Step(fromPages, CopyMethod.STAGED_ITEM);
        return new CopyTable(
                fromPages == 1
                        ? List.of(staged)
                        : List.of(new CopyTable.Step(1, CopyMethod.DIRECT), staged),
                directRunPages);
    }

    /// Runs as `source>destination+length`, then the scattered pairs with a source, then those
    /// without.
    private String split(CopyTable table) {
        return split(CopyRuns.Direction.TO_DEVICE, table);
    }

    private String split(CopyRuns.Direction direction, CopyTable table) {
        CopyMethod _ = runs.split(batch, buffers, direction, table);
        StringBuilder text = new StringBuilder();
        for (int run = 0; run < runs.runCount(); run++) {
            text.append(runs.isZero(run) ? "0" : number(runs.source(run)))
                    .append('>')
                    .append(number(runs.destination(run)))
                    .append('+')
                    .append(runs.length(run))
                    .append(' ');
        }
        text.append('|');
        for (int i = 0; i < runs.copiedCount(); i++) {
            text.append(' ')
                    .append(number(runs.copiedSource(i)))
                    .append('>')
                    .append(number(runs.copiedDestination(i)));
        }
        text.append(" |");
        for (int i = 0; i < runs.clearedCount(); i++) {
            text.append(' ').append(number(runs.cleared(i)));
        }
        return text.toString();
    }

    private static String number(long page) {
        return Page.isDevice(page) ? "d" + Page.devicePfn(page) : "" + Page.pfn(page);
    }

    @Test
    void neighboursOnBothSidesFormARun() {
        add(100, 0, 10);
        assertEquals("100>d0+10 | |", split(ALL_DIRECT));
    }

    @Test
    void aJumpOnEitherSideEndsARun() {
        add(100, 0, 3);
        add(200, 3, 2);
        add(202, 10, 4);
        assertEquals("100>d0+3 200>d3+2 202>d10+4 | |", split(ALL_DIRECT));
    }

    @Test
    void aRunEndsWithItsBuffer() {
        add(100, 60, 10);
        assertEquals("100>d60+4 104>d64+6 | |", split(ALL_DIRECT));
    }

    @Test
    void zerosRunByTheirDestinationAlone() {
        add(100, 0, 2);
        addZeros(2, 5);
        addZeros(20, 3);
        assertEquals("100>d0+2 0>d2+5 0>d20+3 | |", split(ALL_DIRECT));
    }

    @Test
    void shortRunsAreScattered() {
        add(100, 0, 4);
        add(200, 10, 3);
        addZeros(20, 2);
        addZeros(30, 4);
        assertEquals("100>d0+4 0>d30+4 | 200>d10 201>d11 202>d12 | d20 d21", split(staged(1, 4)));
    }

    @Test
    void fewScatteredPagesGoStraight() {
        add(100, 0, 4);
        add(200, 10, 1);
        addZeros(20, 1);
        assertEquals("100>d0+4 200>d10+1 0>d20+1 | |", split(staged(3, 4)));
        assertEquals("100>d0+4 | 200>d10 | d20", split(staged(2, 4)));
    }

    @Test
    void aFolioIsOneRunAndNeighbouringFoliosAreOneTogether() {
        CopyBatch folios = new CopyBatch(1);
        folios.add(Page.ofPfn(512), Page.ofDevicePfn(16), 16);
        folios.add(Page.ofPfn(528), Page.ofDevicePfn(32), 16);
        folios.add(Page.ofPfn(544), Page.ofDevicePfn(48));
        assertEquals(33, folios.count());
        CopyMethod _ = runs.split(folios, buffers, CopyRuns.Direction.TO_DEVICE, ALL_DIRECT);
        assertEquals(1, runs.runCount());
        assertEquals(33, runs.length(0));
    }

    @Test
    void zerosDoNotContinueThePageOfNumberZero() {
        batch.addZero(Page.ofDevicePfn(0));
        batch.add(Page.ofPfn(0), Page.ofDevicePfn(1), 4);
        batch.addZero(Page.ofDevicePfn(5), 4);
        assertEquals("0>d0+1 0>d1+4 0>d5+4 | |", split(ALL_DIRECT));
        assertEquals(9, batch.count());
    }

    @Test
    void aRunWithinTheDeviceEndsWithTheBufferOfEitherSide() {
        batch.add(Page.ofDevicePfn(4), Page.ofDevicePfn(120), 16);
        batch.add(Page.ofDevicePfn(60), Page.ofDevicePfn(0), 8);
        assertEquals(
                "d4>d120+8 d12>d128+8 d60>d0+4 d64>d4+4 | |",
                split(CopyRuns.Direction.WITHIN_DEVICE, ALL_DIRECT));
    }

    @Test
    void manyRunsAndManyScatteredPagesFindRoom() {
        for (int i = 0; i < 100; i++) {
            add(1000 + 10L * i, 2L * i, 1);
        }
        CopyMethod _ = runs.split(batch, buffers, CopyRuns.Direction.TO_DEVICE, ALL_DIRECT);
        assertEquals(100, runs.runCount());
        CopyMethod _ = runs.split(batch, buffers, CopyRuns.Direction.TO_DEVICE, staged(1, 2));
        assertEquals(0, runs.runCount());
        assertEquals(100, runs.copiedCount());
        assertEquals(Page.ofDevicePfn(198), runs.copiedDestination(99));
    }
}
