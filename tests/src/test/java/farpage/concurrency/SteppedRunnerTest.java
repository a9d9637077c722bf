package farpage.concurrency;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedCondition;
import farpage.mm.lock.RankedLock;
import farpage.mm.lock.RankedReadWriteLock;
import farpage.mm.lock.Stepping;
import farpage.mm.lock.YieldPoint;
import farpage.testing.SteppedRunner;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The runner itself: what it finds, and what it says.
final class SteppedRunnerTest {
    private static Map<String, Runnable> two(Runnable first, Runnable second) {
        Map<String, Runnable> bodies = new LinkedHashMap<>();
        bodies.put("first", first);
        bodies.put("second", second);
        return bodies;
    }

    private static String failure(long seed, Map<String, Runnable> bodies) {
        AssertionError error =
                assertThrows(AssertionError.class, () -> new SteppedRunner(seed).run(bodies));
        return String.valueOf(error.getMessage());
    }

    /// Adds one without a lock around it.
    private static final class Counter implements Runnable {
        private int value;

        @Override
        public void run() {
            int seen = value;
            assertTrue(Stepping.point(YieldPoint.MIGRATE_SETUP));
            value = seen + 1;
        }
    }

    private static int countWith(long seed) {
        Counter counter = new Counter();
        new SteppedRunner(seed).run(two(counter, counter));
        return counter.value;
    }

    @Test
    void lostUpdateHappensUnderSomeNumbersAndUnderTheSameOnesAgain() {
        List<Long> losing = new ArrayList<>();
        for (long seed = 0; seed < 60; seed++) {
            if (countWith(seed) == 1) {
                losing.add(seed);
            }
        }
        assertTrue(!losing.isEmpty() && losing.size() < 60, losing.toString());
        losing.forEach(seed -> assertEquals(1, countWith(seed)));
    }

    @Test
    void lockKeepsOthersOutUnderEveryNumber() {
        for (long seed = 0; seed < 60; seed++) {
            RankedLock lock = new RankedLock(LockRank.ZONE);
            Counter counter = new Counter();
            Runnable locked =
                    () -> {
                        lock.lock();
                        counter.run();
                        lock.unlock();
                    };
            new SteppedRunner(seed).run(two(locked, locked));
            assertEquals(2, counter.value);
        }
    }

    @Test
    void writersExcludeReadersUnderEveryNumber() {
        for (long seed = 0; seed < 60; seed++) {
            RankedReadWriteLock lock = new RankedReadWriteLock(LockRank.MMAP);
            int[] value = new int[1];
            Runnable writer =
                    () -> {
                        lock.lockWrite();
                        value[0]++;
                        assertTrue(Stepping.point(YieldPoint.MIGRATE_SETUP));
                        value[0]++;
                        lock.unlockWrite();
                    };
            Runnable reader =
                    () -> {
                        lock.lockRead();
                        assertEquals(0, value[0] % 2);
                        lock.unlockRead();
                    };
            new SteppedRunner(seed).run(two(writer, reader));
        }
    }

    @Test
    void signalIsNeverLostBetweenTheLookAndTheSleep() {
        for (long seed = 0; seed < 60; seed++) {
            RankedLock lock = new RankedLock(LockRank.ZONE);
            RankedCondition condition = lock.newCondition();
            boolean[] ready = new boolean[1];
            Runnable sleeper =
                    () -> {
                        lock.lock();
                        while (!ready[0]) {
                            condition.await();
                        }
                        lock.unlock();
                    };
            Runnable waker =
                    () -> {
                        lock.lock();
                        ready[0] = true;
                        condition.signalAll();
                        lock.unlock();
                    };
            new SteppedRunner(seed).run(two(sleeper, waker));
        }
    }

    /// Nobody wakes the first, and only the first can let the second go on.
    private static String failureOfSleeperWithALock(long seed) {
        RankedLock outer = new RankedLock(LockRank.MMAP);
        RankedLock inner = new RankedLock(LockRank.NOTIFIER_SEQUENCE);
        RankedCondition never = inner.newCondition();
        return failure(
                seed,
                two(
                        () -> {
                            outer.lock();
                            inner.lock();
                            never.await();
                        },
                        () -> {
                            outer.lock();
                            outer.unlock();
                        }));
    }

    @Test
    void deadlockIsReportedWithWhatEachWaitsForAndHolds() {
        String report = "";
        for (long seed = 0; seed < 60 && !report.contains("holds MMAP"); seed++) {
            report = failureOfSleeperWithALock(seed);
        }
        assertTrue(report.startsWith("deadlock, in interleaving "), report);
        assertTrue(
                report.contains("first: waits for NOTIFIER_SEQUENCE condition, holds MMAP"),
                report);
        assertTrue(report.contains("SteppedRunnerTest"), "where they are");
    }

    @Test
    void failureOfOneEndsAllAndNamesIt() {
        RankedLock lock = new RankedLock(LockRank.ZONE);
        Runnable holder =
                () -> {
                    lock.lock();
                    throw new IllegalStateException("planted");
                };
        Runnable other =
                () -> {
                    lock.lock();
                    lock.unlock();
                };
        String report = failure(3, two(holder, other));
        assertTrue(report.startsWith("first failed: "), report);
        assertTrue(report.contains("planted"), report);
        assertTrue(report.contains("holds ZONE"), report);
    }

    @Test
    void lockThatIsKeptIsReported() {
        RankedLock lock = new RankedLock(LockRank.ZONE);
        String report = failure(1, Map.of("keeper", lock::lock));
        assertTrue(report.contains("keeper ended with ZONE"), report);
    }
}
