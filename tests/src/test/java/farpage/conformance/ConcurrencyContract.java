package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.dmirror.DmirrorReply;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.VmStat;
import farpage.mm.fault.FaultResult;
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

/// Several threads at once. Each owns some pages, whose contents only it changes, by CPU or by
/// device; all of them migrate everything all the time.
abstract class ConcurrencyContract extends EmulatorScene {
    private static final int THREADS = 4;
    private static final int PAGES = 256;
    private static final int STEPS = 3000;

    @Override
    EmulatorConfig configure(EmulatorConfig config) {
        return config.withRamSize(16L << 20).withDeviceMemory(768L << 10).withChunkSize(256L << 10);
    }

    @Test
    void noStoreIsLostWhateverMigratesMeanwhile() throws InterruptedException, ExecutionException {
        long address = map(PAGES);
        List<Future<?>> results = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            for (int thread = 0; thread < THREADS; thread++) {
                Owner owner = new Owner(address, thread);
                results.add(threads.submit(owner));
            }
        }
        for (Future<?> result : results) {
            result.get();
        }
    }

    @Test
    void releaseWaitsForAPageInSomebodysHands() throws InterruptedException, ExecutionException {
        long address = map(1);
        MemorySegment data = pattern(1, 1);
        cpuWrites(address, data);
        assertMigrates(device0, address, 1);
        long page = emulator.device(0).memory().chunks().getFirst().pagemap().page(0);
        Machine machine = emulator.machine();
        machine.folios().get(page);
        try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
            Future<DmirrorReply> released =
                    thread.submit(() -> device0.execute(new DmirrorCommand.Release(address, 1)));
            while (machine.vmStat().get(VmStat.Event.PGMIGRATE_FAIL) < 100 && !released.isDone()) {
                Thread.onSpinWait();
            }
            machine.put(page);
            assertEquals(Errno.OK, released.get().errno());
        }
        assertEquals(0, pagesOn(0));
        assertCpuReads(address, data);
    }

    /// Owns every page whose number is its own modulo the number of threads.
    private final class Owner implements Runnable {
        private final long address;
        private final int number;
        private final SplittableRandom random;
        private final CpuAccess ownCpu = new CpuAccess(process);
        private final MemorySegment one = arena.allocate(PAGE, 64);
        private final MemorySegment all = arena.allocate((long) PAGES * PAGE, 64);
        private final long[] expected = new long[PAGES];

        Owner(long address, int number) {
            this.address = address;
            this.number = number;
            this.random = new SplittableRandom(number);
        }

        @Override
        public void run() {
            for (int step = 1; step <= STEPS; step++) {
                int page = random.nextInt(PAGES / THREADS) * THREADS + number;
                Dmirror device = random.nextBoolean() ? device0 : device1;
                switch (random.nextInt(7)) {
                    case 0 -> cpuStores(page, step);
                    case 1 -> cpuLoads(page);
                    case 2 -> deviceStores(device, page, step);
                    case 3 -> deviceLoads(device, page);
                    case 4 -> migrateSomeToDevice(device);
                    case 5 ->
                            assertEquals(Errno.OK, migrateToSystem(device, address, PAGES).errno());
                    default ->
                            assertEquals(
                                    Errno.OK,
                                    device.execute(new DmirrorCommand.Release(address, 1)).errno());
                }
            }
        }

        private void cpuStores(int page, long value) {
            one.set(ValueLayout.JAVA_LONG, 0, value);
            one.set(ValueLayout.JAVA_LONG, PAGE - Long.BYTES, value);
            assertEquals(FaultResult.HANDLED, ownCpu.write(page(address, page), one));
            expected[page] = value;
        }

        private void cpuLoads(int page) {
            assertEquals(FaultResult.HANDLED, ownCpu.read(page(address, page), one));
            assertHolds(page);
        }

        private void assertHolds(int page) {
            assertEquals(expected[page], one.get(ValueLayout.JAVA_LONG, 0));
            assertEquals(expected[page], one.get(ValueLayout.JAVA_LONG, PAGE - Long.BYTES));
        }

        /// A page that the device has only read so far is on it without the right to store: then
        /// the CPU has to bring it back first.
        private void deviceStores(Dmirror device, int page, long value) {
            one.set(ValueLayout.JAVA_LONG, 0, value);
            one.set(ValueLayout.JAVA_LONG, PAGE - Long.BYTES, value);
            DmirrorReply reply =
                    device.execute(new DmirrorCommand.Write(page(address, page), 1, one));
            assertEquals(Errno.OK, reply.errno());
            expected[page] = value;
        }

        private void deviceLoads(Dmirror device, int page) {
            assertEquals(
                    Errno.OK,
                    device.execute(new DmirrorCommand.Read(page(address, page), 1, one)).errno());
            assertHolds(page);
        }

        /// Others may take pages away before the driver has read them back.
        private void migrateSomeToDevice(Dmirror device) {
            int first = random.nextInt(PAGES);
            int count = 1 + random.nextInt(PAGES - first);
            Errno errno =
                    device.execute(
                                    new DmirrorCommand.MigrateToDevice(
                                            page(address, first), count, all))
                            .errno();
            assertEquals(Errno.ENOENT, errno == Errno.OK ? Errno.ENOENT : errno);
        }
    }
}
