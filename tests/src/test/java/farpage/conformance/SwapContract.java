package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.mm.Advice;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.VmStat;
import farpage.mm.fault.FaultResult;
import farpage.mm.memcg.MemCgroup;
import farpage.mm.swap.SwapFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A working set that fits neither RAM, 2 MiB, nor the devices, 1 MiB each, nor all of them: the
/// rest lies in a swap file.
abstract class SwapContract extends EmulatorScene {
    private static final int RAM_PAGES = 512;
    private static final int PAGES = 2048;

    @TempDir Path folder = Path.of("");

    @Override
    EmulatorConfig configure(EmulatorConfig config) {
        return config.withRamSize((long) RAM_PAGES * PAGE)
                .withDeviceMemory(256L * PAGE)
                .withChunkSize(256L * PAGE);
    }

    @BeforeEach
    final void swapOn() throws IOException {
        SwapFile file = new SwapFile(folder.resolve("swap"), 8192L * PAGE);
        assertEquals(Errno.OK, emulator.machine().swap().swapOn(file));
    }

    private long count(VmStat.Event event) {
        return emulator.machine().vmStat().get(event);
    }

    @Test
    void noByteIsLostBetweenRamTwoDevicesAndSwap() {
        long address = map(PAGES);
        MemorySegment data = pattern(PAGES, 1);
        cpuWrites(address, data);
        for (int first = 0; first + 64 <= PAGES; first += 128) {
            migrateToDevice(device0, page(address, first), 64);
            migrateToDevice(device1, page(address, first + 64), 64);
            MemorySegment written = pattern(16, first);
            assertEquals(
                    Errno.OK,
                    device1.execute(new DmirrorCommand.Write(page(address, first), 16, written))
                            .errno());
            MemorySegment.copy(written, 0, data, (long) first * PAGE, 16L * PAGE);
        }
        assertCpuReads(address, data);
        assertTrue(count(VmStat.Event.PSWPOUT) > PAGES / 2, "swapped out");
        assertTrue(count(VmStat.Event.PSWPIN) > PAGES / 4, "swapped in");
    }

    @Test
    @Tag("T-4.1")
    void deviceReadsAPageThatLiesInSwap() {
        long address = map(8);
        MemorySegment data = pattern(8, 3);
        cpuWrites(address, data);
        assertEquals(Errno.OK, process.madvise(address, 8L * PAGE, Advice.PAGEOUT));
        assertEquals(8, process.rss(RssCounter.SWAP_ENTRIES));
        assertEquals("00 00 00 00 00 00 00 00", snapshot(device0, address, 8));
        assertDeviceReads(device0, address, data, 1);
        assertEquals(0, process.rss(RssCounter.SWAP_ENTRIES));
    }

    @Test
    @Tag("T-2.6")
    void pagesInSwapStayThereWhenTheRangeMigrates() {
        long address = map(8);
        MemorySegment data = pattern(8, 4);
        cpuWrites(address, data);
        assertEquals(Errno.OK, process.madvise(page(address, 2), 2L * PAGE, Advice.PAGEOUT));
        assertEquals(failure(Errno.ENOENT), migrateToDevice(device0, address, 8));
        assertEquals(6, pagesOn(0));
        assertEquals(2, process.rss(RssCounter.SWAP_ENTRIES));
        assertCpuReads(address, data);
    }

    @Test
    @Tag("T-2.23")
    void chargeOfAGroupIsTheSameWhereverItsPagesAre() {
        MemCgroup group =
                emulator.machine().memcgs().newGroup(emulator.machine().memcgs().root(), "a");
        Mm member = emulator.machine().newProcess(group);
        CpuAccess memberCpu = new CpuAccess(member);
        long address = member.mmap(64L * PAGE, READ_WRITE);
        MemorySegment data = pattern(64, 5);
        assertEquals(FaultResult.HANDLED, memberCpu.write(address, data));
        long charged = PageSize.pageAddress(64);
        assertEquals(charged, group.usage());
        try (Dmirror file = emulator.device(0).open(member)) {
            assertMigrates(file, address, 64);
            assertEquals(charged, group.usage());
            assertEquals(Errno.OK, group.setMax(PageSize.pageAddress(1)));
            assertEquals(charged, group.usage(), "pages of a device can not be reclaimed");
            MemorySegment first = arena.allocate(PAGE);
            assertEquals(FaultResult.HANDLED, memberCpu.read(address, first));
            assertEquals(charged, group.usage(), "the way back needs no charge");
            assertEquals(Errno.OK, group.setMax(-1));
        }
        assertCpuReads(memberCpu, address, data);
        member.exit();
        assertEquals(0, group.usage());
    }

    @Test
    void processesThatForkStoreAndMigrateAtOnceKeepTheirContents()
            throws InterruptedException, ExecutionException {
        List<Future<Void>> agents = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            for (int agent = 0; agent < 3; agent++) {
                long seed = agent;
                agents.add(
                        threads.submit(() -> {
                            live(seed);
                            return null;
                        }));
            }
        }
        for (Future<Void> agent : agents) {
            agent.get();
        }
    }

    /// One process that stores a word to each of its pages and looks for it again, while a device
    /// takes pages, children come and go, and reclaim takes what it can.
    private void live(long seed) {
        int pages = 400;
        SplittableRandom random = new SplittableRandom(seed);
        Mm mm = emulator.newProcess();
        CpuAccess own = new CpuAccess(mm);
        long base = mm.mmap((long) pages * PAGE, READ_WRITE);
        long[] expected = new long[pages];
        MemorySegment word = MemorySegment.ofArray(new long[1]);
        try (Dmirror file = emulator.device((int) seed % 2).open(mm)) {
            for (int step = 0; step < 3000; step++) {
                int at = random.nextInt(pages);
                switch (random.nextInt(64)) {
                    case 0 -> migrateToDevice(file, page(base, at), Math.min(32, pages - at));
                    case 1 -> migrateToSystem(file, page(base, at), Math.min(32, pages - at));
                    case 2 -> {
                        Mm child = mm.fork();
                        CpuAccess childCpu = new CpuAccess(child);
                        assertWord(childCpu, page(base, at), expected[at]);
                        child.exit();
                    }
                    case 3 ->
                            assertEquals(
                                    Errno.OK, mm.madvise(page(base, at), PAGE, Advice.PAGEOUT));
                    default -> {
                        if (random.nextBoolean()) {
                            expected[at] = random.nextLong();
                            word.set(ValueLayout.JAVA_LONG, 0, expected[at]);
                            assertEquals(FaultResult.HANDLED, own.write(page(base, at), word));
                        } else {
                            assertWord(own, page(base, at), expected[at]);
                        }
                    }
                }
            }
            for (int at = 0; at < pages; at++) {
                assertWord(own, page(base, at), expected[at]);
            }
        }
        mm.exit();
    }

    private static void assertWord(CpuAccess reader, long address, long expected) {
        MemorySegment word = MemorySegment.ofArray(new long[1]);
        assertEquals(FaultResult.HANDLED, reader.read(address, word));
        assertEquals(expected, word.get(ValueLayout.JAVA_LONG, 0));
    }
}
