package farpage.mm.file;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.inspect.MmInvariants;
import farpage.mm.memory.FolioOrders;
import farpage.mm.mempolicy.MempolicyFlags;
import farpage.mm.mempolicy.RelocatePages;
import farpage.mm.migrate.FolioDestinations;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Operations of every kind on one file, in any order: its bytes are those of an array, and every
/// count is right after every step.
final class LargeFileRandomTest {
    private static final int PAGES = 80;
    private static final int STEPS = 250;

    @RegisterExtension final TestMachine machine = new TestMachine(256);
    private final Machine mm = machine.machine();
    private final TestDevice device = machine.newPagecacheDevice(128);
    private final TestProcess[] processes = {machine.newProcess(), machine.newProcess()};
    private final long[] addresses = new long[processes.length];
    @TempDir Path folder = Path.of("");

    private final byte[] expected = new byte[PAGES * PageSize.PAGE_SIZE];
    private int size = 50 * PageSize.PAGE_SIZE + 1234;
    private Random random = new Random(0);
    private long[] pinned = {};
    private Pipe pipe = mm.files().pipe();

    private Path path() {
        return folder.resolve("file");
    }

    private byte[] contents() {
        return Arrays.copyOf(expected, size);
    }

    private static long bytes(int pageCount) {
        return PageSize.pageAddress(pageCount);
    }

    private int pageCount() {
        return (size + PageSize.PAGE_SIZE - 1) / PageSize.PAGE_SIZE;
    }

    @ParameterizedTest
    @CsvSource({
        "1, OFF, 0",
        "2, OFF, 2",
        "3, OFF, 4",
        "4, OFF, 9",
        "5, MIGRATE, 0",
        "6, MIGRATE, 2",
        "7, MIGRATE, 3",
        "8, MIGRATE, 5",
        "9, MIGRATE, 4"
    })
    @Tag("T-8.7")
    void fileHoldsWhatItShould(long seed, FileBackedMode mode, int order) throws IOException {
        random = new Random(seed);
        mm.filesOnDevices().setMode(mode);
        device.useOrders(seed % 2 == 0 ? FolioOrders.ALL : FolioOrders.of(0, 2, 9));
        random.nextBytes(expected);
        Arrays.fill(expected, size, expected.length, (byte) 0);
        Files.write(path(), contents());
        try (OpenFile file = mm.files().open(path(), true, order)) {
            for (int i = 0; i < processes.length; i++) {
                addresses[i] = processes[i].mapFile(file, 0, PAGES, READ_WRITE | VmFlags.SHARED);
            }
            for (int step = 0; step < STEPS; step++) {
                String what = step(file);
                assertEquals(List.of(), MmInvariants.violations(mm, pinned), "step " + step + what);
            }
            unpin();
            pipe.close();
            read(file, 0, size);
            load(0, size, 0);
            load(0, size, 1);
            for (int i = 0; i < processes.length; i++) {
                processes[i].unmap(addresses[i], PAGES);
            }
        }
        assertArrayEquals(contents(), Files.readAllBytes(path()));
    }

    private String step(OpenFile file) throws IOException {
        int from = random.nextInt(PAGES * PageSize.PAGE_SIZE);
        int length = 1 + random.nextInt(Math.min(1 << random.nextInt(18), expected.length - from));
        int who = random.nextInt(processes.length);
        int first = random.nextInt(PAGES);
        int count = 1 + random.nextInt(Math.min(PAGES - first, 40));
        int kind = random.nextInt(20);
        switch (kind) {
            case 0, 1 -> write(file, from, length);
            case 2 -> write(file, from & -PageSize.PAGE_SIZE, length);
            case 3 -> read(file, from, length);
            case 4, 5 -> store(from, Math.min(length, 9000), who);
            case 6 -> load(from, length, who);
            case 7 -> truncate(file, random.nextBoolean() ? from : from & -PageSize.PAGE_SIZE);
            case 8 -> truncate(file, Math.max(size, from));
            case 9 -> punch(file, from, length);
            case 10 -> punch(file, (int) bytes(first), (int) bytes(Math.min(count, 9)));
            case 11 -> sync(file);
            case 12 -> assertTrue(mm.reclaim().reclaim(1 + random.nextInt(100)) >= 0);
            case 13 -> advise(who, first, count);
            case 14 -> pin(who, first, Math.min(count, 5));
            case 15 -> move(who, first, count);
            case 16 -> toDevice(who, first, count);
            case 17 -> splice(file, from, length);
            case 18 -> send(file, from, length);
            default -> fromDevice(who, first, count);
        }
        return ", a " + kind + " of " + from + " " + length + " " + first + " " + count;
    }

    private void write(OpenFile file, int from, int length) {
        byte[] data = new byte[length];
        random.nextBytes(data);
        assertEquals(length, file.write(MemorySegment.ofArray(data), from));
        System.arraycopy(data, 0, expected, from, length);
        size = Math.max(size, from + length);
        assertEquals(size, file.size());
    }

    private void read(OpenFile file, int from, int length) {
        byte[] data = new byte[length];
        int there = Math.max(0, Math.min(length, size - from));
        assertEquals(there, file.read(MemorySegment.ofArray(data), from));
        assertSame(data, from, there);
    }

    private void assertSame(byte[] data, int from, int length) {
        int differs = Arrays.mismatch(data, 0, length, expected, from, from + length);
        assertEquals(-1, differs, () -> "byte " + (from + differs));
    }

    private void store(int from, int length, int who) {
        int there = Math.min(length, size - from);
        if (there <= 0) {
            return;
        }
        byte[] data = new byte[there];
        random.nextBytes(data);
        assertEquals(
                FaultResult.HANDLED,
                processes[who].cpu().write(addresses[who] + from, MemorySegment.ofArray(data)));
        System.arraycopy(data, 0, expected, from, there);
    }

    private void load(int from, int length, int who) {
        int there = Math.min(length, size - from);
        if (there > 0) {
            byte[] data = new byte[there];
            assertEquals(
                    FaultResult.HANDLED,
                    processes[who].cpu().read(addresses[who] + from, MemorySegment.ofArray(data)));
            assertSame(data, from, there);
        }
        if (from >= bytes(pageCount())) {
            assertEquals(
                    FaultResult.SIGBUS,
                    processes[who]
                            .cpu()
                            .read(addresses[who] + from, MemorySegment.ofArray(new byte[1])));
        }
    }

    private void truncate(OpenFile file, int newSize) {
        assertEquals(Errno.OK, file.truncate(newSize));
        Arrays.fill(expected, Math.min(size, newSize), expected.length, (byte) 0);
        size = newSize;
    }

    private void punch(OpenFile file, int from, int length) {
        assertEquals(Errno.OK, file.punchHole(from, length));
        Arrays.fill(expected, from, from + length, (byte) 0);
    }

    private void sync(OpenFile file) throws IOException {
        assertEquals(Errno.OK, file.fsync());
        assertArrayEquals(contents(), Files.readAllBytes(path()));
    }

    private void advise(int who, int first, int count) {
        Advice advice = random.nextBoolean() ? Advice.PAGEOUT : Advice.WILLNEED;
        long start = page(addresses[who], first);
        assertEquals(Errno.OK, processes[who].mm().madvise(start, bytes(count), advice));
    }

    private void pin(int who, int first, int count) {
        unpin();
        long[] pages = new long[count];
        long start = page(addresses[who], first);
        int found =
                GetUserPages.pinUnlocked(processes[who].mm(), start, count, GupFlags.PIN, pages)
                        .count();
        pinned = Arrays.copyOf(pages, Math.max(0, found));
    }

    /// What was in the pipe before may have changed since; what is spliced now is read at once, or
    /// held for some steps.
    private void splice(OpenFile file, int from, int length) {
        if (random.nextInt(3) == 0) {
            pipe.close();
            pipe = mm.files().pipe();
        }
        long held = pipe.size();
        long spliced = file.spliceTo(pipe, from, length);
        if (spliced > 0 && random.nextBoolean()) {
            assertEquals(held, pipe.read(MemorySegment.ofArray(new byte[(int) held])));
            byte[] data = new byte[(int) spliced];
            assertEquals(spliced, pipe.read(MemorySegment.ofArray(data)));
            assertSame(data, from, (int) spliced);
        } else if (from >= size) {
            assertEquals(0, spliced);
        }
    }

    /// Bytes of the file to another place in it.
    private void send(OpenFile file, int from, int length) {
        int there = Math.min(length, size - from);
        int to = random.nextInt(expected.length);
        if (there <= 0 || to + there > expected.length || Math.abs(to - from) < there) {
            return;
        }
        assertEquals(there, file.sendFrom(file, from, to, there));
        System.arraycopy(expected, from, expected, to, there);
        size = Math.max(size, to + there);
    }

    private void unpin() {
        GetUserPages.unpin(mm, pinned, pinned.length, false);
        pinned = new long[0];
    }

    private void move(int who, int first, int count) {
        long start = page(addresses[who], first);
        new RelocatePages(mm, FolioDestinations.anywhere(mm), MempolicyFlags.MOVE_ALL)
                .range(processes[who].mm(), start, page(start, count));
    }

    /// The device writes what it has of the file.
    private void toDevice(int who, int first, int count) {
        device.pull(processes[who], page(addresses[who], first), count);
        for (int i = first; i < Math.min(first + count, pageCount()); i++) {
            long address = page(addresses[who], i);
            if (random.nextInt(3) == 0 && processes[who].shape(address) == Shape.DEVICE_PRIVATE) {
                int value = 1 + random.nextInt(100);
                device.write(processes[who].pageAt(address), value);
                int start = (int) bytes(i);
                Arrays.fill(
                        expected, start, Math.min(size, start + PageSize.PAGE_SIZE), (byte) value);
            }
        }
    }

    private void fromDevice(int who, int first, int count) {
        if (random.nextInt(3) == 0) {
            device.evict();
        } else {
            device.push(processes[who], page(addresses[who], first), count);
        }
    }
}
