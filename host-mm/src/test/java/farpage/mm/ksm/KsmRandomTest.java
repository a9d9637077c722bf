package farpage.mm.ksm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.MremapFlags;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.exclusive.DeviceExclusive;
import farpage.mm.fault.FaultResult;
import farpage.mm.memory.FolioFlags;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.swap.SwapMemory;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Passes of the merger at any moment, between stores, forks, moves, protection, advice,
/// migrations, swapping and exclusive access of several processes: every page holds what the
/// plainest account of memory says, and in the end no two pages are left that could be one.
final class KsmRandomTest {
    private static final long BASE = 1L << 36;
    private static final int PAGES = 24;
    private static final int STEPS = 250;

    /// Few, so that most pages have equals.
    private static final int CONTENTS = 4;

    private static final int PROCESSES_MAX = 4;

    @RegisterExtension final TestMachine machine = new TestMachine(512);
    private final Machine mm = machine.machine();
    private final TestDevice device = machine.newDevice(64);

    /// What a process must see of one page.
    private static final class Cell {
        int content;
        int access = TestProcess.READ_WRITE;
        boolean wipe;
        boolean keepFromChild;

        Cell copy() {
            Cell copy = new Cell();
            copy.content = wipe ? 0 : content;
            copy.access = access;
            copy.wipe = wipe;
            return copy;
        }
    }

    /// A process and its account; null where nothing is mapped.
    private static final class Subject {
        final TestProcess process;
        final Cell[] cells;

        Subject(TestProcess process, Cell[] cells) {
            this.process = process;
            this.cells = cells;
        }
    }

    private final List<Subject> subjects = new ArrayList<>();
    private Random random = new Random(0);

    private static long at(int page) {
        return TestProcess.page(BASE, page);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 5, 6, 8, 9, 10})
    void mergingNeverChangesWhatAProcessSees(long seed) {
        run(seed);
    }

    private void run(long seed) {
        random = new Random(seed);
        if (seed % 2 == 0) {
            assertEquals(Errno.OK, mm.swap().swapOn(new SwapMemory(512)));
        }
        mm.ksm().setUseZeroPages(seed % 3 == 0);
        if (seed % 5 == 0) {
            mm.ksm().setMaxPageSharing(3);
        }
        Subject first = new Subject(machine.newProcess(), new Cell[PAGES]);
        subjects.add(first);
        map(first, 0, PAGES - 4);
        advise(first, 0, PAGES - 4, Advice.MERGEABLE);
        for (int step = 0; step < STEPS; step++) {
            step(subjects.get(random.nextInt(subjects.size())));
            machine.check();
        }
        if (seed % 5 != 0) {
            assertNothingIsLeftToMerge();
        }
        subjects.forEach(KsmRandomTest::assertContents);
        machine.check();
    }

    private void step(Subject subject) {
        int from = random.nextInt(PAGES);
        int count = 1 + random.nextInt(Math.min(6, PAGES - from));
        switch (random.nextInt(20)) {
            case 0, 1, 2, 3, 4 -> store(subject, from);
            case 5 -> load(subject, from);
            case 6, 7 -> mm.ksm().scanFullPasses(1 + random.nextInt(3));
            case 8 -> fork(subject);
            case 9 -> exit(subject);
            case 10 -> advise(subject, from, count, Advice.MERGEABLE);
            case 11 -> advise(subject, from, count, Advice.UNMERGEABLE);
            case 12 -> protect(subject, from, count);
            case 13 -> move(subject, from, count);
            case 14 -> giveUp(subject, from, count);
            case 15 -> map(subject, from, count);
            case 16 -> pull(subject, from, count);
            case 17 -> pushOrEvict(subject, from, count);
            case 18 -> swapOut(subject, from, count);
            default -> takeOrHold(subject, from);
        }
    }

    private static boolean isMapped(Subject subject, int from, int count) {
        return Arrays.stream(subject.cells, from, from + count).allMatch(cell -> cell != null);
    }

    // What the process does.

    private void store(Subject subject, int page) {
        Cell cell = subject.cells[page];
        int content = random.nextInt(CONTENTS);
        boolean permitted = cell != null && cell.access == TestProcess.READ_WRITE;
        assertEquals(
                permitted ? FaultResult.HANDLED : FaultResult.SIGSEGV,
                subject.process.tryStore(at(page), content));
        if (permitted) {
            cell.content = content;
        }
    }

    private static void load(Subject subject, int page) {
        Cell cell = subject.cells[page];
        if (cell == null || cell.access == 0) {
            assertEquals(FaultResult.SIGSEGV, subject.process.tryLoad(at(page)));
        } else {
            assertEquals(cell.content, subject.process.load(at(page)), "page " + page);
        }
    }

    private void fork(Subject subject) {
        if (subjects.size() < PROCESSES_MAX) {
            Cell[] cells =
                    Arrays.stream(subject.cells)
                            .map(cell -> cell == null || cell.keepFromChild ? null : cell.copy())
                            .toArray(Cell[]::new);
            subjects.add(new Subject(subject.process.fork(), cells));
        }
    }

    private void exit(Subject subject) {
        if (subjects.size() > 1 && random.nextBoolean()) {
            assertContents(subject);
            subject.process.mm().exit();
            subjects.remove(subject);
        }
    }

    private void map(Subject subject, int from, int count) {
        subject.process.mapAt(at(from), count);
        for (int page = from; page < from + count; page++) {
            subject.cells[page] = new Cell();
        }
    }

    private void advise(Subject subject, int from, int count, Advice advice) {
        if (isMapped(subject, from, count)) {
            assertEquals(
                    Errno.OK,
                    subject.process.mm().madvise(at(from), PageSize.pageAddress(count), advice));
        }
    }

    private void protect(Subject subject, int from, int count) {
        if (isMapped(subject, from, count)) {
            int[] accesses = {0, VmFlags.READ, TestProcess.READ_WRITE, TestProcess.READ_WRITE};
            int access = accesses[random.nextInt(accesses.length)];
            subject.process.protect(at(from), count, access);
            for (int page = from; page < from + count; page++) {
                subject.cells[page].access = access;
            }
        }
    }

    private void move(Subject subject, int from, int count) {
        int to = random.nextInt(PAGES + 1 - count);
        if (!isMapped(subject, from, count) || Math.abs(to - from) < count) {
            return;
        }
        long size = PageSize.pageAddress(count);
        int flags = MremapFlags.MAYMOVE | MremapFlags.FIXED;
        assertEquals(
                at(to), subject.process.mm().mremap(at(from), size, size, flags, at(to)).address());
        for (int i = 0; i < count; i++) {
            subject.cells[to + i] = subject.cells[from + i];
            subject.cells[from + i] = null;
        }
    }

    private void giveUp(Subject subject, int from, int count) {
        if (!isMapped(subject, from, count)) {
            return;
        }
        switch (random.nextInt(4)) {
            case 0 -> {
                subject.process.unmap(at(from), count);
                Arrays.fill(subject.cells, from, from + count, null);
            }
            case 1 -> {
                advise(subject, from, count, Advice.DONTNEED);
                for (int page = from; page < from + count; page++) {
                    subject.cells[page].content = 0;
                }
            }
            case 2 -> {
                boolean wipe = random.nextBoolean();
                advise(subject, from, count, wipe ? Advice.WIPEONFORK : Advice.KEEPONFORK);
                for (int page = from; page < from + count; page++) {
                    subject.cells[page].wipe = wipe;
                }
            }
            default -> {
                boolean keep = random.nextBoolean();
                advise(subject, from, count, keep ? Advice.DONTFORK : Advice.DOFORK);
                for (int page = from; page < from + count; page++) {
                    subject.cells[page].keepFromChild = keep;
                }
            }
        }
    }

    // What is done to its pages.

    private void pull(Subject subject, int from, int count) {
        for (int page = from; page < from + count; page++) {
            if (subject.cells[page] != null) {
                int _ = device.pull(subject.process, at(page), 1);
            }
        }
    }

    private void pushOrEvict(Subject subject, int from, int count) {
        if (random.nextInt(4) == 0) {
            int _ = device.evict();
            return;
        }
        for (int page = from; page < from + count; page++) {
            if (device.holds(subject.process, at(page))) {
                int _ = device.push(subject.process, at(page), 1);
            }
        }
    }

    private long presentPage(Subject subject, int page) {
        long entry = subject.process.entry(at(page));
        return PageTableEntry.isPresent(entry) && !PageTableEntry.isSpecial(entry)
                ? PageTableEntry.page(entry)
                : Page.NONE;
    }

    private void swapOut(Subject subject, int from, int count) {
        for (int page = from; page < from + count; page++) {
            long present = presentPage(subject, page);
            if (present != Page.NONE) {
                boolean _ = mm.reclaim().reclaimPage(present);
            }
        }
    }

    /// A device takes the page for itself; or somebody holds it while the merger passes.
    private void takeOrHold(Subject subject, int page) {
        Cell cell = subject.cells[page];
        if (cell == null || cell.access != TestProcess.READ_WRITE) {
            return;
        }
        if (random.nextBoolean()) {
            subject.process.mm().lockRead();
            try {
                if (DeviceExclusive.make(subject.process.mm(), at(page), null)
                        instanceof DeviceExclusive.Answer.Taken(long taken)) {
                    DeviceExclusive.release(mm, taken);
                }
            } finally {
                subject.process.mm().unlockRead();
            }
            return;
        }
        long held = presentPage(subject, page);
        if (held != Page.NONE) {
            machine.folios().get(held);
            mm.ksm().scanFullPasses(2);
            mm.put(held);
        }
    }

    // What must hold.

    private static void assertContents(Subject subject) {
        for (int page = 0; page < PAGES; page++) {
            load(subject, page);
        }
    }

    /// Once the merger has passed often enough, pages of equal contents in memory that may be
    /// merged are one page, or several merged ones.
    private void assertNothingIsLeftToMerge() {
        subjects.forEach(KsmRandomTest::assertContents);
        mm.ksm().setSmartScan(false);
        mm.ksm().scanFullPasses(3);
        Map<Integer, Long> alone = new HashMap<>();
        Map<Integer, Long> merged = new HashMap<>();
        for (Subject subject : subjects) {
            for (int page = 0; page < PAGES; page++) {
                if (subject.cells[page] != null && isMergeable(subject, page)) {
                    long present = presentPage(subject, page);
                    if (present != Page.NONE) {
                        boolean isMerged = machine.folios().hasFlag(present, FolioFlags.KSM);
                        int content = subject.cells[page].content;
                        (isMerged ? merged : alone).putIfAbsent(content, present);
                        assertEquals(
                                isMerged ? present : alone.get(content),
                                present,
                                "content " + content + " in two pages");
                    }
                }
            }
        }
        alone.keySet().retainAll(merged.keySet());
        assertEquals(Map.of(), alone, "pages that a merged page could take in");
    }

    private boolean isMergeable(Subject subject, int page) {
        return subject.process.withVma(at(page), vma -> (vma.flags() & VmFlags.MERGEABLE) != 0);
    }
}
