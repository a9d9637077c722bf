package farpage.mm;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.testing.Agent;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Everything at once: CPUs of a process and of its child load and store while pages are migrated,
/// evicted and protected. Each CPU counts in bytes of its own in each page, so a store that gets
/// lost on the way shows.
final class ConcurrentWorkTest {
    private static final int PAGES = 24;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

    @RegisterExtension final TestMachine machine = new TestMachine(512);
    private final TestDevice device = machine.newDevice(20);
    private final TestDevice other = machine.newDevice(20);
    private final MemorySegment ram = machine.machine().ram().segment();
    private final AtomicInteger running = new AtomicInteger();

    /// One CPU that counts in one word of each page.
    private final class Counter {
        private final TestProcess owner;
        private final long address;
        private final int lane;
        private final int[] counts = new int[PAGES];

        Counter(TestProcess owner, long address, int lane) {
            this.owner = owner;
            this.address = address;
            this.lane = lane;
        }

        boolean work(long seed, int steps) {
            SplittableRandom random = new SplittableRandom(seed);
            CpuAccess cpu = new CpuAccess(owner.mm());
            for (int step = 0; step < steps; step++) {
                int at = random.nextInt(PAGES);
                boolean write = random.nextInt(3) > 0;
                long offset = cpu.begin(page(address, at) + 4L * lane, write);
                assertTrue(offset >= 0, () -> "a fault ended in " + cpu.fault());
                int seen = ram.get(INT, offset);
                if (write) {
                    ram.set(INT, offset, seen + 1);
                }
                cpu.end();
                assertEquals(counts[at], seen, "a store was lost");
                counts[at] += write ? 1 : 0;
            }
            running.decrementAndGet();
            return true;
        }

        void check() {
            CpuAccess cpu = new CpuAccess(owner.mm());
            for (int at = 0; at < PAGES; at++) {
                long offset = cpu.begin(page(address, at) + 4L * lane, false);
                assertEquals(counts[at], ram.get(INT, offset));
                cpu.end();
            }
        }
    }

    /// Does something again and again until the CPUs are done.
    private Agent<Integer> meanwhile(CountDownLatch start, Runnable action) {
        return Agent.start(() -> {
            Agent.await(start);
            int times = 0;
            while (running.get() > 0) {
                action.run();
                times++;
            }
            return times;
        });
    }

    private void disturb(TestProcess process, long address, SplittableRandom random) {
        int first = random.nextInt(PAGES);
        int count = 1 + random.nextInt(PAGES - first);
        switch (random.nextInt(6)) {
            case 0, 1 -> device.pull(process, address, PAGES);
            case 2 -> other.pull(process, page(address, first), 1);
            case 3 -> device.push(process, address, PAGES);
            default -> {
                boolean executable = random.nextBoolean();
                int access = TestProcess.READ_WRITE | (executable ? VmFlags.EXEC : 0);
                process.protect(page(address, first), count, access);
            }
        }
    }

    private void disturbWhole(TestProcess process, long address, SplittableRandom random) {
        if (process.vmaCount() == 1) {
            disturb(process, address, random);
        } else {
            process.protect(address, PAGES, TestProcess.READ_WRITE);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void noStoreIsLostWhilePagesMoveAndProtectionsChange(long seed) {
        TestProcess parent = machine.newProcess();
        long address = parent.map(PAGES);
        Counter first = new Counter(parent, address, 0);
        running.set(1);
        first.work(seed, 200);
        TestProcess child = parent.fork();
        List<Counter> counters = new ArrayList<>();
        counters.add(new Counter(parent, address, 1));
        counters.add(new Counter(parent, address, 2));
        counters.add(new Counter(child, address, 1));
        counters.add(new Counter(child, address, 2));
        running.set(counters.size());
        CountDownLatch start = new CountDownLatch(1);
        List<Agent<?>> agents = new ArrayList<>();
        for (Counter counter : counters) {
            agents.add(
                    Agent.start(() -> {
                        Agent.await(start);
                        return counter.work(seed * 100 + counter.lane, 20_000);
                    }));
        }
        SplittableRandom parents = new SplittableRandom(seed);
        SplittableRandom childs = new SplittableRandom(-seed);
        agents.add(meanwhile(start, () -> disturbWhole(parent, address, parents)));
        agents.add(meanwhile(start, () -> disturbWhole(child, address, childs)));
        agents.add(meanwhile(start, device::evict));
        agents.add(meanwhile(start, other::evict));
        start.countDown();
        agents.forEach(Agent::finish);
        counters.forEach(Counter::check);
        machine.check();
    }

    @Test
    void forksAndExitsGoOnWhilePagesAreEvicted() {
        TestProcess parent = machine.newProcess();
        long address = parent.map(PAGES);
        parent.storeRow(address, PAGES, 1);
        running.set(1);
        CountDownLatch start = new CountDownLatch(1);
        Agent<Integer> evictions = meanwhile(start, device::evict);
        start.countDown();
        for (int round = 0; round < 150; round++) {
            device.pull(parent, address, 20);
            TestProcess child = parent.fork();
            TestProcess grandchild = child.fork();
            child.store(page(address, round % PAGES), 77);
            child.unmap(page(address, (round + 1) % PAGES), 1);
            assertEquals((byte) (1 + round % PAGES), grandchild.load(page(address, round % PAGES)));
            child.mm().exit();
            grandchild.mm().exit();
        }
        running.set(0);
        evictions.finish();
        machine.check();
        parent.assertRow(address, PAGES, 1);
    }

    @Test
    void mirrorsComeAndGoWhilePagesMove() {
        TestProcess process = machine.newProcess();
        long address = process.map(PAGES);
        process.storeRow(address, PAGES, 1);
        running.set(1);
        CountDownLatch start = new CountDownLatch(1);
        Agent<Integer> evictions = meanwhile(start, device::evict);
        Agent<Integer> pulls = meanwhile(start, () -> device.pull(process, address, PAGES));
        start.countDown();
        for (int round = 0; round < 2000; round++) {
            try (EventLog mirror = new EventLog(process.mm())) {
                long sequence = mirror.notifier().readBegin();
                assertTrue(sequence % 2 != 0);
            }
        }
        running.set(0);
        evictions.finish();
        pulls.finish();
        assertEquals(0, process.mm().notifiers().intervalCount());
        machine.check();
        process.assertRow(address, PAGES, 1);
    }
}
