package farpage.emulator.copy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.mm.Page;
import farpage.opencl.ClBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Runs of device pages whose buffers hold 64 pages each.
final class CopyCutterTest {
    private static final int BUFFER_PAGES = 64;

    private static final CopyTable ALL_DIRECT = CopyTable.only(CopyMethod.DIRECT);

    private final CopyBatch batch = new CopyBatch(256);
    private final CopyPieces straight = new CopyPieces();
    private final CopyPieces scattered = new CopyPieces();

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

    /// Straight pieces as `source>destination+length`, then the scattered ones.
    private String cut(CopyTable table) {
        return cut(batch, CopyDirection.TO_DEVICE, table);
    }

    private String cut(CopyBatch cut, CopyDirection direction, CopyTable table) {
        straight.clear();
        scattered.clear();
        CopyMethod method =
                new CopyCutter(buffers, HostWindows.NONE)
                        .cut(cut, direction, table, straight, scattered);
        assertEquals(method == CopyMethod.DIRECT, scattered.count() == 0);
        return text(straight) + "|" + text(scattered);
    }

    private static String text(CopyPieces pieces) {
        StringBuilder text = new StringBuilder();
        for (int piece = 0; piece < pieces.count(); piece++) {
            text.append(pieces.isZero(piece) ? "0" : number(pieces.source(piece)))
                    .append('>')
                    .append(number(pieces.destination(piece)))
                    .append('+')
                    .append(pieces.length(piece))
                    .append(' ');
        }
        return text.toString();
    }

    private static String number(long page) {
        return Page.isDevice(page) ? "d" + Page.devicePfn(page) : "" + Page.pfn(page);
    }

    @Test
    void neighboursOnBothSidesFormARun() {
        add(100, 0, 10);
        assertEquals("100>d0+10 |", cut(ALL_DIRECT));
    }

    @Test
    void aJumpOnEitherSideEndsARun() {
        add(100, 0, 3);
        add(200, 3, 2);
        add(202, 10, 4);
        assertEquals("100>d0+3 200>d3+2 202>d10+4 |", cut(ALL_DIRECT));
    }

    @Test
    void aRunEndsWithItsBuffer() {
        add(100, 60, 10);
        assertEquals("100>d60+4 104>d64+6 |", cut(ALL_DIRECT));
    }

    @Test
    void zerosRunByTheirDestinationAlone() {
        add(100, 0, 2);
        addZeros(2, 5);
        addZeros(20, 3);
        assertEquals("100>d0+2 0>d2+5 0>d20+3 |", cut(ALL_DIRECT));
    }

    @Test
    void shortRunsAreScattered() {
        add(100, 0, 4);
        add(200, 10, 3);
        addZeros(20, 2);
        addZeros(30, 4);
        assertEquals("100>d0+4 0>d30+4 |200>d10+3 0>d20+2 ", cut(staged(1, 4)));
    }

    @Test
    void fewScatteredPagesGoStraight() {
        add(100, 0, 4);
        add(200, 10, 1);
        addZeros(20, 1);
        assertEquals("100>d0+4 200>d10+1 0>d20+1 |", cut(staged(3, 4)));
        assertEquals("100>d0+4 |200>d10+1 0>d20+1 ", cut(staged(2, 4)));
    }

    @Test
    void aFolioIsOneRunAndNeighbouringFoliosAreOneTogether() {
        CopyBatch folios = new CopyBatch(1);
        folios.add(Page.ofPfn(512), Page.ofDevicePfn(16), 16);
        folios.add(Page.ofPfn(528), Page.ofDevicePfn(32), 16);
        folios.add(Page.ofPfn(544), Page.ofDevicePfn(48));
        assertEquals(33, folios.count());
        assertEquals("512>d16+33 |", cut(folios, CopyDirection.TO_DEVICE, ALL_DIRECT));
        assertEquals(1, straight.unit(0));
        folios.clear();
        folios.add(Page.ofPfn(512), Page.ofDevicePfn(16), 16);
        folios.add(Page.ofPfn(528), Page.ofDevicePfn(32), 16);
        assertEquals("512>d16+32 |", cut(folios, CopyDirection.TO_DEVICE, ALL_DIRECT));
        assertEquals(16, straight.unit(0));
    }

    @Test
    void zerosDoNotContinueThePageOfNumberZero() {
        batch.addZero(Page.ofDevicePfn(0));
        batch.add(Page.ofPfn(0), Page.ofDevicePfn(1), 4);
        batch.addZero(Page.ofDevicePfn(5), 4);
        assertEquals("0>d0+1 0>d1+4 0>d5+4 |", cut(ALL_DIRECT));
        assertEquals(9, batch.count());
    }

    @Test
    void aRunWithinTheDeviceEndsWithTheBufferOfEitherSide() {
        batch.add(Page.ofDevicePfn(4), Page.ofDevicePfn(120), 16);
        batch.add(Page.ofDevicePfn(60), Page.ofDevicePfn(0), 8);
        assertEquals(
                "d4>d120+8 d12>d128+8 d60>d0+4 d64>d4+4 |",
                cut(batch, CopyDirection.WITHIN_DEVICE, ALL_DIRECT));
    }

    @Test
    void manyRunsAndManyScatteredPagesFindRoom() {
        for (int i = 0; i < 100; i++) {
            add(1000 + 10L * i, 2L * i, 1);
        }
        String _ = cut(ALL_DIRECT);
        assertEquals(100, straight.count());
        String _ = cut(staged(1, 2));
        assertEquals(0, straight.count());
        assertEquals(100, scattered.count());
        assertEquals(Page.ofDevicePfn(198), scattered.destination(99));
    }
}
