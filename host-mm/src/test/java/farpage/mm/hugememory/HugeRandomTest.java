package farpage.mm.hugememory;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.MremapFlags;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.exclusive.DeviceExclusive;
import farpage.mm.fault.FaultResult;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.inspect.MmInvariants;
import farpage.mm.memory.FolioOrders;
import farpage.mm.swap.SwapMemory;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import farpage.mm.userfaultfd.UffdModes;
import farpage.mm.userfaultfd.UffdResult;
import farpage.mm.userfaultfd.Userfaultfd;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Operations of every kind in any order, on memory made of folios of every size: each page holds
/// what the plainest account of memory says, and every count is right after every step.
final class HugeRandomTest {
    private static final int HUGE = PageSize.ENTRIES_PER_TABLE;
    private static final long BASE = 0x40000000L;
    private static final int PAGES = 2 * HUGE + 100;
    private static final int STEPS = 80;
    private static final int PROCESSES_MAX = 3;

    @RegisterExtension final TestMachine machine = new TestMachine(16 * HUGE);
    private final Machine mm = machine.machine();
    private final TestDevice device = machine.newDevice(3 * HUGE);
    private final TestDevice coherent = machine.newCoherentDevice(HUGE);

    /// A process and its account.
    private static final class Subject {
        final TestProcess process;
        final boolean[] mapped = new boolean[PAGES];
        final boolean[] guarded = new boolean[PAGES];
        final int[] access = new int[PAGES];
        final byte[] content = new byte[PAGES];

        /// Where the contents may be lost, until the next store.
        final boolean[] freed = new boolean[PAGES];

        long[] pinned = {};

        Subject(TestProcess process) {
            this.process = process;
        }

        Subject fork() {
            Subject child = new Subject(process.fork());
            System.arraycopy(mapped, 0, child.mapped, 0, PAGES);
            System.arraycopy(guarded, 0, child.guarded, 0, PAGES);
            System.arraycopy(access, 0, child.access, 0, PAGES);
            System.arraycopy(content, 0, child.content, 0, PAGES);
            System.arraycopy(freed, 0, child.freed, 0, PAGES);
            return child;
        }

        /// Whether a range is mapped readable and writable throughout.
        boolean isOrdinary(int from, int count) {
            for (int page = from; page < from + count; page++) {
                if (!mapped[page] || guarded[page] || access[page] != READ_WRITE) {
                    return false;
                }
            }
            return true;
        }
    }

    private final List<Subject> subjects = new ArrayList<>();
    private Random random = new Random(0);

    private static long at(int page) {
        return TestProcess.page(BASE, page);
    }

    private static long bytes(int pageCount) {
        return PageSize.pageAddress(pageCount);
    }

    @ParameterizedTest
    @ValueSource(longs = {2, 3, 5})
    void everyPageHoldsWhatItShould(long seed) {
        random = new Random(seed);
        for (int order = 2; order <= PageSize.HPAGE_PMD_ORDER; order++) {
            boolean used = order == PageSize.HPAGE_PMD_ORDER || seed > 1 && random.nextBoolean();
            mm.hugePages()
                    .setEnabled(order, used ? HugePages.Enabled.ALWAYS : HugePages.Enabled.NEVER);
        }
        if (seed % 2 == 0) {
            assertEquals(Errno.OK, mm.swap().swapOn(new SwapMemory(4096)));
        }
        Subject first = new Subject(machine.newProcess());
        subjects.add(first);
        map(first, 0, PAGES);
        for (int step = 0; step < STEPS; step++) {
            step(subjects.get(random.nextInt(subjects.size())));
            assertEquals(List.of(), MmInvariants.violations(mm, pins()), "step " + step);
        }
        subjects.forEach(this::unpin);
        subjects.forEach(HugeRandomTest::assertContents);
    }

    private long[] pins() {
        return subjects.stream().flatMapToLong(one -> Arrays.stream(one.pinned)).toArray();
    }

    private void step(Subject subject) {
        int from = random.nextInt(3) == 0 ? random.nextInt(PAGES) : HUGE * random.nextInt(2);
        int most = PAGES - from;
        int count = random.nextBoolean() ? Math.min(HUGE, most) : 1 + random.nextInt(most);
        int few = Math.min(most, 1 + random.nextInt(20));
        switch (random.nextInt(26)) {
            case 0, 1, 2, 3 -> store(subject, from, random.nextInt(4) == 0 ? count : few);
            case 4 -> load(subject, from, few);
            case 5 -> free(subject, from, random.nextBoolean() ? few : count);
            case 6 -> advise(subject, from, count, Advice.COLD);
            case 7 -> advise(subject, from, random.nextBoolean() ? few : count, Advice.PAGEOUT);
            case 8 -> advise(subject, from, few, Advice.POPULATE_WRITE);
            case 9 -> drop(subject, from, count);
            case 10 -> guard(subject, from, few);
            case 11 -> unguard(subject, from, count);
            case 12 -> protect(subject, from, count);
            case 13 -> map(subject, from, count);
            case 14 -> move(subject, from, count);
            case 15 -> moveByUserfaultfd(subject, from, count);
            case 16 -> pin(subject, from, few);
            case 17 -> takeExclusive(subject, from, few);
            case 18 -> forkOrExit(subject);
            case 19 -> lock(subject, from, few);
            case 20 ->
                    assertEquals(Errno.OK, subject.process.mm().clearRefs(1 + random.nextInt(4)));
            case 21 -> merge(subject, from, count);
            case 22 -> migrate(subject, from, few, device);
            case 23 -> migrate(subject, from, count, coherent);
            default -> migrate(subject, from, count, device);
        }
    }

    private void map(Subject subject, int from, int count) {
        unpin(subject);
        subject.process.mapAt(at(from), count);
        Arrays.fill(subject.mapped, from, from + count, true);
        Arrays.fill(subject.guarded, from, from + count, false);
        Arrays.fill(subject.access, from, from + count, READ_WRITE);
        Arrays.fill(subject.content, from, from + count, (byte) 0);
        Arrays.fill(subject.freed, from, from + count, false);
    }

    private static void free(Subject subject, int from, int count) {
        advise(subject, from, count, Advice.FREE);
        Arrays.fill(subject.freed, from, from + count, true);
    }

    private void store(Subject subject, int from, int count) {
        byte value = (byte) random.nextInt(6);
        for (int page = from; page < from + count; page++) {
            FaultResult expected =
                    subject.guarded[page] || subject.access[page] != READ_WRITE
                            ? FaultResult.SIGSEGV
                            : FaultResult.HANDLED;
            MemorySegment one = MemorySegment.ofArray(new byte[] {value});
            assertEquals(expected, subject.process.cpu().write(at(page) + 8, one));
            if (expected == FaultResult.HANDLED) {
                subject.content[page] = value;
                subject.freed[page] = false;
            }
        }
    }

    private static void load(Subject subject, int from, int count) {
        for (int page = from; page < from + count; page++) {
            byte[] one = new byte[1];
            FaultResult result =
                    subject.process.cpu().read(at(page) + 8, MemorySegment.ofArray(one));
            if (subject.guarded[page]) {
                assertEquals(FaultResult.SIGSEGV, result);
            } else {
                assertEquals(FaultResult.HANDLED, result);
                if (subject.freed[page] && one[0] == 0) {
                    subject.content[page] = 0;
                }
                assertEquals(subject.content[page], one[0], "page " + page);
            }
        }
    }

    private static void assertContents(Subject subject) {
        load(subject, 0, PAGES);
    }

    /// Advice that changes no contents, whatever becomes of it.
    private static void advise(Subject subject, int from, int count, Advice advice) {
        if (advice != Advice.POPULATE_WRITE || subject.isOrdinary(from, count)) {
            Errno errno = subject.process.mm().madvise(at(from), bytes(count), advice);
            boolean locked = errno == Errno.EINVAL && advice != Advice.POPULATE_WRITE;
            assertEquals(Errno.OK, locked ? Errno.OK : errno);
        }
    }

    private void drop(Subject subject, int from, int count) {
        unpin(subject);
        Advice advice = Advice.DONTNEED_LOCKED;
        assertEquals(Errno.OK, subject.process.mm().madvise(at(from), bytes(count), advice));
        Arrays.fill(subject.content, from, from + count, (byte) 0);
    }

    private void guard(Subject subject, int from, int count) {
        unpin(subject);
        assertEquals(Errno.OK, subject.process.mm().munlock(at(from), bytes(count)));
        Advice advice = Advice.GUARD_INSTALL;
        assertEquals(Errno.OK, subject.process.mm().madvise(at(from), bytes(count), advice));
        Arrays.fill(subject.guarded, from, from + count, true);
        Arrays.fill(subject.content, from, from + count, (byte) 0);
    }

    private static void unguard(Subject subject, int from, int count) {
        Advice advice = Advice.GUARD_REMOVE;
        assertEquals(Errno.OK, subject.process.mm().madvise(at(from), bytes(count), advice));
        Arrays.fill(subject.guarded, from, from + count, false);
    }

    private void protect(Subject subject, int from, int count) {
        int access = random.nextBoolean() ? VmFlags.READ : READ_WRITE;
        subject.process.protect(at(from), count, access);
        Arrays.fill(subject.access, from, from + count, access);
    }

    /// Moves a part elsewhere and maps the gap anew.
    private void move(Subject subject, int from, int count) {
        int to = random.nextInt(PAGES);
        int length = Math.min(count, PAGES - to);
        if (!subject.isOrdinary(from, length) || from < to + length && to < from + length) {
            return;
        }
        unpin(subject);
        int flags = MremapFlags.MAYMOVE | MremapFlags.FIXED;
        long size = bytes(length);
        Errno errno = subject.process.mm().mremap(at(from), size, size, flags, at(to)).errno();
        if (errno.isOk()) {
            settle(subject, from, to, length);
            subject.process.mapAt(at(from), length);
        } else {
            map(subject, to, length); // what was there is gone
        }
    }

    private static void settle(Subject subject, int from, int to, int length) {
        System.arraycopy(subject.content, from, subject.content, to, length);
        System.arraycopy(subject.freed, from, subject.freed, to, length);
        Arrays.fill(subject.content, from, from + length, (byte) 0);
        Arrays.fill(subject.guarded, to, to + length, false);
        Arrays.fill(subject.access, to, to + length, READ_WRITE);
    }

    private void moveByUserfaultfd(Subject subject, int from, int count) {
        int to = random.nextBoolean() ? HUGE - from % HUGE : random.nextInt(PAGES);
        int length = Math.min(Math.min(count, PAGES - to), 600);
        if (length <= 0 || from < to + length && to < from + length) {
            return;
        }
        map(subject, to, length);
        try (Userfaultfd uffd = Userfaultfd.open(subject.process.mm())) {
            assertEquals(
                    Errno.OK, uffd.register(at(to), bytes(length), UffdModes.REGISTER_MISSING));
            UffdResult moved =
                    uffd.move(at(to), at(from), bytes(length), UffdModes.MOVE_ALLOW_SRC_HOLES);
            int done = (int) PageSize.pageNumber(moved.bytes());
            settle(subject, from, to, done);
        }
    }

    private void pin(Subject subject, int from, int count) {
        unpin(subject);
        long[] pages = new long[count];
        int pinned =
                GetUserPages.pinFast(
                                subject.process.mm(),
                                at(from),
                                count,
                                random.nextBoolean() ? GupFlags.WRITE : 0,
                                pages)
                        .count();
        subject.pinned = Arrays.copyOf(pages, pinned);
    }

    private void unpin(Subject subject) {
        GetUserPages.unpin(mm, subject.pinned, subject.pinned.length, false);
        subject.pinned = new long[0];
    }

    private void takeExclusive(Subject subject, int from, int count) {
        subject.process.mm().lockRead();
        for (int page = from; page < from + count; page++) {
            if (DeviceExclusive.make(subject.process.mm(), at(page), null)
                    instanceof DeviceExclusive.Answer.Taken(long taken)) {
                DeviceExclusive.release(mm, taken);
            }
        }
        subject.process.mm().unlockRead();
    }

    private void forkOrExit(Subject subject) {
        if (subjects.size() < PROCESSES_MAX) {
            subjects.add(subject.fork());
        } else {
            unpin(subject);
            assertContents(subject);
            subject.process.mm().exit();
            subjects.remove(subject);
        }
    }

    private void lock(Subject subject, int from, int count) {
        Errno errno =
                random.nextBoolean()
                        ? subject.process.mm().munlock(at(from), bytes(count))
                        : subject.process.mm().mlockOnFault(at(from), bytes(count));
        assertEquals(Errno.OK, errno);
    }

    /// To the device or back, as far as one VMA reaches.
    private void migrate(Subject subject, int from, int count, TestDevice to) {
        FolioOrders some = FolioOrders.of(2 + random.nextInt(8), 2 + random.nextInt(8));
        to.useOrders(random.nextInt(3) == 0 ? some : FolioOrders.PMD);
        long end = subject.process.withVma(at(from), Vma::end);
        int length = (int) Math.min(count, PageSize.pageNumber(end - at(from)));
        int _ =
                switch (random.nextInt(5)) {
                    case 0 -> to.evict();
                    case 1 -> to.push(subject.process, at(from), length);
                    default -> to.pull(subject.process, at(from), length);
                };
    }

    private void merge(Subject subject, int from, int count) {
        Advice advice = random.nextInt(3) == 0 ? Advice.UNMERGEABLE : Advice.MERGEABLE;
        assertEquals(Errno.OK, subject.process.mm().madvise(at(from), bytes(count), advice));
        mm.ksm().scanFullPasses(2);
    }
}
