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
import farpage.mm.Page;
import farpage.mm.fault.FaultResult;
import farpage.mm.memoryfailure.MemoryFailure;
import farpage.mm.memoryfailure.Outcome;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/// Memory that breaks while devices use it too.
abstract class MemoryFailureContract extends EmulatorScene {
    private static final int RAM_PAGES = 4096;

    @Override
    EmulatorConfig configure(EmulatorConfig config) {
        return super.configure(config)
                .withRamSize((long) RAM_PAGES * PAGE)
                .withCoherentDeviceCount(2);
    }

    private MemoryFailure failures() {
        return emulator.machine().memoryFailure();
    }

    private long pageAt(long address) {
        PageTableLeaf leaf = process.pageTable().lookupLeaf(address);
        return leaf == null
                ? Page.NONE
                : PageTableEntry.page(leaf.entryAcquire(PageTableLeaf.slot(address)));
    }

    @Test
    void deviceLosesABrokenPageWithTheProcessAndKeepsTheOthers() {
        long address = map(4);
        cpuWrites(address, pattern(4, 1));
        Mm child = process.fork();
        assertDeviceReads(device0, address, pattern(4, 1), 1);
        assertEquals(Errno.OK, failures().fail(pageAt(page(address, 2))).errno());
        assertEquals("01 01 00 01", snapshot(device0, address, 4));
        assertEquals(
                failure(Errno.EFAULT),
                device0.execute(new DmirrorCommand.Read(address, 4, buffer(4))));
        assertDeviceReads(device0, address, pattern(4, 1).asSlice(0, 2L * PAGE), 0);
        assertEquals(FaultResult.HWPOISON, cpu.read(page(address, 2), buffer(1)));
        assertEquals(FaultResult.HWPOISON, new CpuAccess(child).read(page(address, 2), buffer(1)));
        assertEquals(failure(Errno.ENOENT), migrateToDevice(device0, address, 4));
        assertEquals(3, pagesOn(0));
        assertEquals(Errno.OK, process.madvise(page(address, 2), PAGE, Advice.DONTNEED));
        cpuWrites(page(address, 2), pattern(1, 5));
        assertDeviceReads(device0, page(address, 2), pattern(1, 5), 1);
        child.exit();
    }

    @Test
    void memoryOfTheTestDriversDevicesFailsWithoutConsequences() {
        long address = map(2);
        cpuWrites(address, pattern(2, 1));
        assertMigrates(device0, address, 1);
        Dmirror device2 = emulator.device(2).open(process);
        assertMigrates(device2, page(address, 1), 1);
        assertEquals(Errno.ENXIO, failures().fail(pageAt(address)).errno());
        assertEquals(Errno.ENXIO, failures().fail(pageAt(page(address, 1))).errno());
        assertEquals(
                Errno.ENXIO,
                process.madvise(page(address, 1), PAGE, Advice.HWPOISON),
                "a coherent page is got in place");
        assertEquals(1, pagesOn(0));
        assertEquals(1, pagesOn(2));
        assertCpuReads(address, pattern(2, 1));
    }

    @Test
    void processesAndDevicesGoOnWhileMemoryBreaks()
            throws InterruptedException, ExecutionException {
        List<Future<Void>> agents = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            for (int agent = 0; agent < 2; agent++) {
                long seed = agent;
                agents.add(
                        threads.submit(() -> {
                            live(seed);
                            return null;
                        }));
            }
            agents.add(
                    threads.submit(() -> {
                        breakFrames();
                        return null;
                    }));
        }
        for (Future<Void> agent : agents) {
            agent.get();
        }
        assertTrue(failures().poisonedPageCount() > 100);
    }

    private void breakFrames() {
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 300; i++) {
            long page = Page.ofPfn(1 + random.nextInt(900));
            Outcome outcome = failures().fail(page);
            assertTrue(outcome.errno() != Errno.ENXIO, "there is such a page");
        }
    }

    /// One process that stores a word to each of its pages and looks for it again. A place whose
    /// memory broke is given up and begun anew; all other words must be there.
    private void live(long seed) {
        int pages = 300;
        SplittableRandom random = new SplittableRandom(seed);
        Mm mm = emulator.newProcess();
        CpuAccess own = new CpuAccess(mm);
        long base = mm.mmap((long) pages * PAGE, READ_WRITE);
        long[] expected = new long[pages];
        MemorySegment word = MemorySegment.ofArray(new long[1]);
        try (Dmirror file = emulator.device((int) seed).open(mm)) {
            for (int step = 0; step < 4000; step++) {
                int at = random.nextInt(pages);
                int kind = random.nextInt(64);
                if (kind < 2) {
                    migrateToDevice(file, page(base, at), Math.min(16, pages - at));
                } else if (kind < 4) {
                    migrateToSystem(file, page(base, at), Math.min(16, pages - at));
                }
                boolean write = random.nextBoolean();
                long value = random.nextLong();
                word.set(ValueLayout.JAVA_LONG, 0, value);
                FaultResult result =
                        write ? own.write(page(base, at), word) : own.read(page(base, at), word);
                if (result == FaultResult.HWPOISON) {
                    assertEquals(Errno.OK, mm.madvise(page(base, at), PAGE, Advice.DONTNEED));
                    expected[at] = 0;
                    continue;
                }
                assertEquals(FaultResult.HANDLED, result);
                if (write) {
                    expected[at] = value;
                } else {
                    assertEquals(expected[at], word.get(ValueLayout.JAVA_LONG, 0));
                }
            }
        }
        mm.exit();
    }
}
