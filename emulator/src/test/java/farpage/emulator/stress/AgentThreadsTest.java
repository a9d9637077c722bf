package farpage.emulator.stress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/// Agents in threads: when they end, and what is said of those that do not.
final class AgentThreadsTest {
    private static final long SECOND = 1_000_000_000L;

    private static AgentThreads threads(Agent... agents) {
        return new AgentThreads(List.of(agents), SECOND, () -> 0);
    }

    /// With a clock that moves on by a second whenever it is read.
    private static AgentThreads impatientThreads(Agent... agents) {
        AtomicLong clock = new AtomicLong();
        return new AgentThreads(List.of(agents), 50 * SECOND, () -> clock.addAndGet(SECOND));
    }

    private static class Idle implements Agent {
        private final String name;
        private volatile boolean finished;

        Idle(String name) {
            this.name = name;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public void step() {
            Thread.onSpinWait();
        }

        @Override
        public void finish() {
            finished = true;
        }
    }

    @Test
    void allStepUntilTheyAreToldToStopAndThenFinish() {
        Idle first = new Idle("first");
        Idle second = new Idle("second");
        threads(first, second).run(steps -> steps < 1000);
        assertTrue(first.finished && second.finished);
    }

    @Test
    void failureOfOneStopsTheOthersAndIsThrown() {
        IllegalStateException planted = new IllegalStateException("planted");
        Idle other = new Idle("other");
        Idle failing =
                new Idle("failing") {
                    @Override
                    public void step() {
                        throw planted;
                    }
                };
        assertSame(
                planted,
                assertThrows(
                        IllegalStateException.class, () -> threads(failing, other).run(_ -> true)));
        assertTrue(other.finished);
    }

    @Test
    void whatTheObserverThrowsIsThrownAfterAllHaveFinished() {
        Idle agent = new Idle("agent");
        assertThrows(
                ArithmeticException.class,
                () ->
                        threads(agent)
                                .run(_ -> {
                                    throw new ArithmeticException();
                                }));
        assertTrue(agent.finished);
    }

    @Test
    void defectIsReportedWithItsPlaceAndWhatItLeftHeld() {
        RankedLock lock = new RankedLock(LockRank.ZONE);
        Idle broken =
                new Idle("broken") {
                    @Override
                    public void step() {
                        lock.lock();
                        throw new AssertionError("planted");
                    }
                };
        AgentThreads.BrokenRunException thrown =
                assertThrows(
                        AgentThreads.BrokenRunException.class,
                        () -> threads(new Idle("busy"), broken).run(_ -> true));
        assertTrue(thrown.report().startsWith("failed: java.lang.AssertionError: planted"));
        assertTrue(thrown.report().contains("TERMINATED, holds ZONE"), thrown.report());
    }

    @Test
    void agentThatMakesNoStepIsReportedWithWhatItHolds() {
        CountDownLatch never = new CountDownLatch(1);
        RankedLock lock = new RankedLock(LockRank.MMAP);
        Idle stuck =
                new Idle("stuck") {
                    @Override
                    public void step() {
                        lock.lock();
                        assertThrows(InterruptedException.class, never::await);
                    }
                };
        AgentThreads.BrokenRunException stalled =
                assertThrows(
                        AgentThreads.BrokenRunException.class,
                        () -> impatientThreads(stuck).run(_ -> true));
        assertTrue(
                String.valueOf(stalled.getMessage()).startsWith("stuck made no step for 5"),
                stalled.getMessage());
        assertTrue(
                stalled.report().contains("stuck: 0 steps, WAITING, holds MMAP"), stalled.report());
        assertTrue(stalled.report().contains("AgentThreadsTest"), stalled.report());
        assertEquals(1, never.getCount());
    }
}
