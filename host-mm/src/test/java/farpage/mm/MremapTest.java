package farpage.mm;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.fault.FaultResult;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `mremap`: its errors, what moves, and that pages are found afterwards.
final class MremapTest {
    private static final long BASE = 0x40000000L;
    private static final long FAR = 0x80000000L;
    private static final int MOVE = MremapFlags.MAYMOVE | MremapFlags.FIXED;
    private static final int KEEP = MremapFlags.MAYMOVE | MremapFlags.DONTUNMAP;

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(128);
    private final TestProcess process = machine.newProcess();
    private final Mm mm = process.mm();

    private static long bytes(int pageCount) {
        return PageSize.pageAddress(pageCount);
    }

    private Errno tryMove(long from, int pageCount, long to) {
        return mm.mremap(from, bytes(pageCount), bytes(pageCount), MOVE, to).errno();
    }

    private void move(long from, int pageCount, long to) {
        assertEquals(
                new MremapResult(Errno.OK, to),
                mm.mremap(from, bytes(pageCount), bytes(pageCount), MOVE, to));
    }

    @Test
    void partOfAMappingMovesAndItsOldPlaceStays() {
        process.mapAt(BASE, 4);
        process.store(BASE + bytes(1), 5);
        MremapResult moved =
                mm.mremap(BASE + bytes(1), bytes(2), bytes(2), MOVE | MremapFlags.DONTUNMAP, FAR);
        assertEquals(new MremapResult(Errno.OK, FAR), moved);
        assertEquals(5, process.load(FAR));
        assertEquals(0, process.load(BASE + bytes(1)));
    }

    @Test
    void wrongArgumentsAreRefusedBeforeAnythingIsUnmapped() {
        process.mapAt(BASE, 4);
        process.mapAt(FAR, 1);
        long size = bytes(4);
        assertEquals(Errno.EINVAL, mm.mremap(BASE, size, size, 8, 0).errno());
        assertEquals(Errno.EINVAL, mm.mremap(BASE + 1, size, size, 0, 0).errno());
        assertEquals(Errno.EINVAL, mm.mremap(BASE, size, 0, 0, 0).errno());
        assertEquals(Errno.EINVAL, mm.mremap(BASE, size, -8192, 1, 0).errno());
        assertEquals(Errno.EINVAL, mm.mremap(BASE, size, size, MOVE, FAR + 1).errno());
        assertEquals(Errno.EINVAL, mm.mremap(BASE, size, size, MOVE, -4096).errno());
        assertEquals(Errno.EINVAL, mm.mremap(BASE, size, size, MremapFlags.FIXED, FAR).errno());
        assertEquals(Errno.EINVAL, mm.mremap(BASE, size, 4096, KEEP, FAR).errno());
        assertEquals(Errno.EINVAL, tryMove(BASE, 4, page(BASE, 3)));
        assertEquals(Errno.EINVAL, mm.mremap(BASE, 0, size, 1, 0).errno());
        process.store(FAR, 1);
    }

    @Test
    void holesAtTheStartAreFaultsAndLaterOnesMoveAlong() {
        process.mapAt(page(BASE, 1), 2);
        process.mapAt(page(BASE, 5), 1);
        process.storeRow(page(BASE, 1), 2, 1);
        process.store(page(BASE, 5), 5);
        assertEquals(Errno.EFAULT, tryMove(BASE, 6, FAR));
        assertEquals(Errno.EFAULT, tryMove(FAR, 1, BASE));
        move(page(BASE, 1), 6, page(FAR, 1));
        process.assertRow(page(FAR, 1), 2, 1);
        assertEquals(5, process.load(page(FAR, 5)));
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(page(FAR, 3)));
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(page(BASE, 1)));
    }

    @Test
    void resizingIsRefusedBeyondTheVma() {
        process.mapAt(BASE, 2);
        assertEquals(Errno.EFAULT, mm.mremap(BASE, bytes(3), bytes(4), 1, 0).errno());
        assertEquals(Errno.EFAULT, mm.mremap(FAR, bytes(1), bytes(1), 0, 0).errno());
        assertEquals(Errno.EPERM, tryMove(BASE, 2, 0));
    }

    @Test
    void shrinksAndGrowsInPlace() {
        process.mapAt(BASE, 4);
        process.storeRow(BASE, 4, 1);
        assertEquals(BASE, mm.mremap(BASE, bytes(4), bytes(2), 0, 0).address());
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(page(BASE, 2)));
        assertEquals(BASE, mm.mremap(BASE, bytes(2), bytes(8), 0, 0).address());
        process.assertRow(BASE, 2, 1);
        assertEquals(0, process.load(page(BASE, 7)));
        assertEquals(1, process.vmaCount());
    }

    @Test
    void growingMovesWhereThereIsNoRoomIfItMay() {
        process.mapAt(BASE, 2);
        process.storeRow(BASE, 2, 1);
        assertEquals(Errno.OK, mm.mmapFixed(page(BASE, 2), bytes(1), VmFlags.READ));
        assertEquals(Errno.ENOMEM, mm.mremap(BASE, bytes(2), bytes(4), 0, 0).errno());
        long moved = mm.mremap(BASE, bytes(2), bytes(4), MremapFlags.MAYMOVE, 0).address();
        process.assertRow(moved, 2, 1);
        process.store(page(moved, 3), 9);
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(BASE));
    }

    /// The device pages are not touched, and come back by a fault at the new address.
    @Test
    @Tag("T-2.25")
    @Tag("T-3.6")
    void entriesOfEveryShapeMoveAsTheyAre() {
        process.mapAt(BASE, 6);
        process.storeRow(BASE, 4, 1);
        assertEquals(0, process.load(page(BASE, 4)));
        device.pull(process, page(BASE, 1), 2);
        long present = process.entry(BASE);
        long onDevice = process.entry(page(BASE, 1));
        long counted = mm.rss(RssCounter.ANON);
        move(BASE, 6, FAR);
        assertEquals(PageTableEntry.withSoftDirty(present), process.entry(FAR));
        assertEquals(PageTableEntry.withSoftDirty(onDevice), process.entry(page(FAR, 1)));
        assertTrue(PageTableEntry.isSpecial(process.entry(page(FAR, 4))));
        assertEquals(Shape.NONE, process.shape(page(FAR, 5)));
        assertEquals(Shape.NONE, process.shape(BASE));
        assertEquals(counted, mm.rss(RssCounter.ANON));
        machine.check();
        assertEquals(0, device.ramCalls());
        process.assertRow(FAR, 4, 1);
        assertEquals(2, device.ramCalls());
        device.pull(process, FAR, 4);
        process.assertRow(FAR, 4, 1);
    }

    @Test
    void pagesOfAMovedPartAreFoundInParentAndChild() {
        process.mapAt(BASE, 4);
        process.storeRow(BASE, 4, 1);
        TestProcess child = process.fork();
        move(page(BASE, 1), 2, page(FAR, 7));
        machine.check();
        device.pull(child, BASE, 4);
        assertEquals(Shape.DEVICE_PRIVATE, process.shape(page(FAR, 7)));
        machine.check();
        process.assertRow(page(FAR, 7), 2, 2);
        child.assertRow(BASE, 4, 1);
    }

    @Test
    void oldPlaceStaysEmptyWithDontUnmap() {
        process.mapAt(BASE, 4);
        process.storeRow(BASE, 4, 1);
        assertEquals(FAR, mm.mremap(BASE, bytes(4), bytes(4), MOVE | KEEP, FAR).address());
        process.assertRow(FAR, 4, 1);
        process.<Void>withVma(
                BASE,
                vma -> {
                    assertNull(vma.anonVma());
                    return null;
                });
        assertEquals(0, process.load(page(BASE, 2)));
        process.store(BASE, 7);
        assertEquals(1, process.load(FAR));
    }

    /// Its offset is that of its new place, so it is joined with what lies there.
    @Test
    void memoryWithoutPagesIsJoinedWhereItArrives() {
        process.mapAt(BASE, 2);
        process.mapAt(FAR, 2);
        move(BASE, 2, page(FAR, 2));
        assertEquals(1, process.vmaCount());
    }

    @Test
    void memoryWithPagesKeepsItsOffsetAndIsJoinedOnlyWhereItCameFrom() {
        process.mapAt(BASE, 4);
        process.storeRow(BASE, 4, 1);
        process.mapAt(FAR, 2);
        move(page(BASE, 2), 2, page(FAR, 2));
        assertEquals(3, process.vmaCount());
        move(page(FAR, 2), 2, page(BASE, 2));
        assertEquals(2, process.vmaCount());
        process.assertRow(BASE, 4, 1);
    }

    @Test
    void memoryWithoutPagesMovesNextToWhereItWas() {
        process.mapAt(BASE, 4);
        assertEquals(0, process.load(BASE));
        move(BASE, 4, page(BASE, 4));
        assertEquals(1, process.vmaCount());
        assertEquals(0, process.load(page(BASE, 4)));
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(BASE));
    }

    /// Chains do not grow with the depth of forks.
    @Test
    void forkReusesTheAnonVmaOfAParentThatIsGone() {
        process.mapAt(BASE, 1);
        process.store(BASE, 1);
        TestProcess last = process;
        for (int generation = 0; generation < 20; generation++) {
            TestProcess child = last.fork();
            child.store(BASE, generation);
            if (last != process) {
                last.mm().exit();
            }
            last = child;
        }
        int chains = last.<Integer>withVma(BASE, vma -> vma.anonVmaChain().size());
        assertTrue(chains <= 4, "a chain of " + chains);
        assertEquals(19, last.load(BASE));
    }

    /// Splits, moves, forks and migrations in any order lose no page and no content.
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void contentsFollowTheirPagesThroughAnyMoves(long seed) {
        Row row = new Row(new Random(seed));
        for (int step = 0; step < 300; step++) {
            row.step();
            machine.check();
        }
        row.assertContents();
    }

    /// A row of pages, some mapped, and what each must hold.
    private final class Row {
        private static final int PAGES = 32;

        private final Random random;
        private final int[] contents = new int[PAGES];
        private final boolean[] mapped = new boolean[PAGES];
        private @Nullable TestProcess child;

        Row(Random random) {
            this.random = random;
            fill(0, PAGES / 2);
        }

        private static long at(int page) {
            return page(BASE, page);
        }

        void step() {
            int from = random.nextInt(PAGES);
            int count = 1 + random.nextInt(Math.min(4, PAGES - from));
            switch (random.nextInt(6)) {
                case 0 -> pull(from, count);
                case 1 -> moveTo(from, count, random.nextInt(PAGES + 1 - count));
                case 2 -> fill(from, count);
                case 3 -> {
                    if (child != null) {
                        child.mm().exit();
                    }
                    child = process.fork();
                }
                case 4 -> {
                    if (isMapped(from, count)) {
                        process.protect(at(from), count, VmFlags.READ);
                        process.protect(at(from), random.nextInt(count) + 1, READ_WRITE);
                        process.protect(at(from), count, READ_WRITE);
                    }
                }
                default -> {
                    if (mapped[from]) {
                        contents[from] = 1 + random.nextInt(100);
                        process.store(at(from), contents[from]);
                    }
                }
            }
        }

        private boolean isMapped(int from, int count) {
            for (int i = from; i < from + count; i++) {
                if (!mapped[i]) {
                    return false;
                }
            }
            return true;
        }

        private void pull(int from, int count) {
            for (int i = from; i < from + count; i++) {
                if (mapped[i]) {
                    device.pull(process, at(i), 1);
                }
            }
        }

        private void moveTo(int from, int count, int to) {
            if (!isMapped(from, count) || Math.abs(to - from) < count) {
                return;
            }
            move(at(from), count, at(to));
            for (int i = 0; i < count; i++) {
                contents[to + i] = contents[from + i];
                mapped[to + i] = true;
                mapped[from + i] = false;
            }
        }

        /// Maps what is not mapped.
        private void fill(int from, int count) {
            for (int i = from; i < from + count; i++) {
                if (!mapped[i]) {
                    process.mapAt(at(i), 1);
                    mapped[i] = true;
                    contents[i] = 0;
                }
            }
        }

        void assertContents() {
            for (int i = 0; i < PAGES; i++) {
                if (mapped[i]) {
                    assertEquals(contents[i], process.load(at(i)), "page " + i);
                } else {
                    assertEquals(FaultResult.SIGSEGV, process.tryLoad(at(i)));
                }
            }
        }
    }
}
