package farpage.mm.notifier;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.notifier.MmuNotifierRange.Event;
import farpage.mm.notifier.MmuNotifierSubscriptions.Insertion;
import farpage.mm.testing.Agent;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The sequence protocol between those who change mappings and those who mirror them.
final class MmuIntervalNotifierTest {
    private static final long PAGE = 4096;

    private final MmuNotifierSubscriptions subscriptions = new MmuNotifierSubscriptions();
    private final AtomicInteger calls = new AtomicInteger();
    private final MmuIntervalNotifierOps mirror =
            (notifier, range, sequence) -> {
                notifier.setSequence(sequence);
                calls.incrementAndGet();
                return true;
            };

    private MmuIntervalNotifier insert(long start, long end) {
        return insert(start, end, mirror);
    }

    private MmuIntervalNotifier insert(long start, long end, MmuIntervalNotifierOps ops) {
        return assertInstanceOf(
                        Insertion.Inserted.class, subscriptions.insert(start, end - start, ops))
                .notifier();
    }

    private static MmuNotifierRange range(long start, long end) {
        return MmuNotifierRange.of(Event.CLEAR, start, end);
    }

    private static boolean isOdd(long sequence) {
        return sequence % 2 != 0;
    }

    @Test
    void emptyAndWrappingRangesAreRefused() {
        assertEquals(new Insertion.Refused(Errno.EOVERFLOW), subscriptions.insert(PAGE, 0, mirror));
        assertEquals(
                new Insertion.Refused(Errno.EOVERFLOW), subscriptions.insert(PAGE, -1, mirror));
        assertEquals(
                new Insertion.Refused(Errno.EOVERFLOW),
                subscriptions.insert(-PAGE, 2 * PAGE, mirror));
    }

    @Test
    void addressesAreUnsigned() {
        assertInstanceOf(Insertion.Inserted.class, subscriptions.insert(-PAGE, PAGE, mirror));
        assertTrue(subscriptions.start(range(0, Long.MAX_VALUE / PAGE * PAGE)));
        subscriptions.end();
        assertEquals(0, calls.get());
    }

    @Test
    void deadProcessTakesNoNotifier() {
        subscriptions.release();
        assertEquals(new Insertion.Refused(Errno.EINVAL), subscriptions.insert(0, PAGE, mirror));
    }

    @Test
    void sequenceOfANotifierIsOddAlsoWhenItIsFresh() {
        MmuIntervalNotifier notifier = insert(0, PAGE);
        assertTrue(isOdd(notifier.readBegin()));
        subscriptions.start(range(0, PAGE));
        subscriptions.end();
        assertTrue(isOdd(notifier.readBegin()));
        assertTrue(isOdd(insert(0, PAGE).readBegin()));
    }

    @Test
    void nothingHappenedSoThereIsNoRetry() {
        MmuIntervalNotifier notifier = insert(0, PAGE);
        long sequence = notifier.readBegin();
        assertFalse(notifier.readRetry(sequence));
        assertFalse(notifier.readRetry(notifier.readBegin()));
    }

    @Test
    @Tag("T-4.5")
    void invalidationBetweenReadAndUseForcesARetry() {
        MmuIntervalNotifier notifier = insert(0, PAGE);
        long sequence = notifier.readBegin();
        subscriptions.start(range(0, PAGE));
        assertTrue(notifier.readRetry(sequence));
        subscriptions.end();
        assertTrue(notifier.readRetry(sequence));
        assertFalse(notifier.readRetry(notifier.readBegin()));
    }

    @Test
    void eachInvalidationMakesTheLastReadStale() {
        MmuIntervalNotifier notifier = insert(0, PAGE);
        for (int i = 0; i < 100; i++) {
            long sequence = notifier.readBegin();
            subscriptions.start(range(0, PAGE));
            subscriptions.end();
            assertTrue(notifier.readRetry(sequence), "round " + i);
        }
    }

    @Test
    @Tag("T-4.5")
    void disjointInvalidationForcesNoRetry() {
        MmuIntervalNotifier notifier = insert(PAGE, 2 * PAGE);
        MmuIntervalNotifier other = insert(0, PAGE);
        long sequence = notifier.readBegin();
        long otherSequence = other.readBegin();
        subscriptions.start(range(0, PAGE));
        assertFalse(notifier.readRetry(sequence));
        assertEquals(sequence, notifier.readBegin(), "a read need not wait for others");
        subscriptions.end();
        assertFalse(notifier.readRetry(sequence));
        assertTrue(other.readRetry(otherSequence));
    }

    @Test
    void onlyOverlappingNotifiersAreCalled() {
        insert(PAGE, 3 * PAGE);
        assertCalls(0, 0, PAGE);
        assertCalls(0, 3 * PAGE, 4 * PAGE);
        assertCalls(1, 0, 2 * PAGE);
        assertCalls(1, 2 * PAGE, 9 * PAGE);
        assertCalls(1, 0, 9 * PAGE);
        insert(2 * PAGE, 4 * PAGE);
        assertCalls(2, 2 * PAGE, 3 * PAGE);
    }

    private void assertCalls(int expected, long start, long end) {
        calls.set(0);
        subscriptions.start(range(start, end));
        subscriptions.end();
        assertEquals(expected, calls.get());
    }

    @Test
    void readBeginSleepsWhileItsInvalidationRuns() {
        MmuIntervalNotifier notifier = insert(0, PAGE);
        long before = notifier.readBegin();
        subscriptions.start(range(0, PAGE));
        Agent<Long> reader = Agent.start(notifier::readBegin);
        reader.awaitWaiting();
        subscriptions.end();
        long sequence = reader.finish();
        assertTrue(sequence != before);
        assertFalse(notifier.readRetry(sequence));
    }

    @Test
    void readBeginSleepsUntilTheLastOfSeveralInvalidationsEnds() {
        MmuIntervalNotifier notifier = insert(0, PAGE);
        subscriptions.start(range(0, PAGE));
        subscriptions.start(range(8 * PAGE, 9 * PAGE));
        Agent<Long> reader = Agent.start(notifier::readBegin);
        reader.awaitWaiting();
        subscriptions.end();
        assertFalse(subscriptions.isQuiet());
        reader.awaitWaiting();
        subscriptions.end();
        reader.finish();
        assertTrue(subscriptions.isQuiet());
    }

    @Test
    void notifierInsertedDuringAnInvalidationWaitsForItsEnd() {
        insert(0, PAGE);
        subscriptions.start(range(0, PAGE));
        MmuIntervalNotifier late = insert(0, PAGE);
        Agent<Long> reader = Agent.start(late::readBegin);
        reader.awaitWaiting();
        subscriptions.end();
        assertFalse(late.readRetry(reader.finish()));
        assertEquals(2, subscriptions.intervalCount());
        assertCalls(2, 0, PAGE);
    }

    /// An invalidation that reached nobody still changes mappings. A notifier that came in its
    /// middle was let in as if all were quiet, and its first read could see what was going away.
    @Test
    void notifierInsertedDuringAnInvalidationThatReachedNobodyWaitsForItsEnd() {
        subscriptions.start(range(0, PAGE));
        MmuIntervalNotifier late = insert(0, PAGE);
        Agent<Long> reader = Agent.start(late::readBegin);
        reader.awaitWaiting();
        subscriptions.end();
        assertFalse(late.readRetry(reader.finish()));
        assertCalls(1, 0, PAGE);
    }

    @Test
    void notifierInsertedInBetweenIsToldOfTheNextInvalidation() {
        subscriptions.start(range(0, PAGE));
        MmuIntervalNotifier late = insert(0, PAGE);
        subscriptions.start(range(0, PAGE));
        assertEquals(1, calls.get());
        subscriptions.end();
        subscriptions.end();
        assertFalse(late.readRetry(late.readBegin()));
    }

    @Test
    void removedNotifierIsCalledNoMore() {
        MmuIntervalNotifier notifier = insert(0, PAGE);
        notifier.close();
        assertCalls(0, 0, PAGE);
        assertEquals(0, subscriptions.intervalCount());
        notifier.close();
    }

    @Test
    void removalWaitsForTheInvalidationUnderWay() {
        MmuIntervalNotifier notifier = insert(0, PAGE);
        subscriptions.start(range(0, PAGE));
        Agent<Boolean> removal =
                Agent.start(() -> {
                    notifier.close();
                    return true;
                });
        removal.awaitWaiting();
        subscriptions.end();
        assertTrue(removal.finish());
        assertCalls(0, 0, PAGE);
    }

    @Test
    void removalOfANotifierThatIsNotInPlaceYetDoesNotWait() {
        insert(0, PAGE);
        subscriptions.start(range(0, PAGE));
        insert(0, PAGE).close();
        subscriptions.end();
        assertEquals(1, subscriptions.intervalCount());
    }

    @Test
    void releaseTellsEveryNotifierOnce() {
        insert(0, PAGE);
        insert(1L << 40, Long.MAX_VALUE);
        subscriptions.release();
        assertEquals(2, calls.get());
        assertTrue(subscriptions.isQuiet());
    }

    @Test
    @Tag("T-4.11")
    void busyDriverRefusesARangeThatMayNotWait() {
        RankedLock driver = new RankedLock(LockRank.DRIVER_UPDATE);
        AtomicInteger later = new AtomicInteger();
        MmuIntervalNotifier notifier =
                insert(
                        0,
                        PAGE,
                        (own, range, sequence) -> {
                            if (range.blockable()) {
                                driver.lock();
                            } else if (!driver.tryLock()) {
                                return false;
                            }
                            own.setSequence(sequence);
                            driver.unlock();
                            return true;
                        });
        insert(
                0,
                PAGE,
                (own, range, sequence) -> {
                    own.setSequence(sequence);
                    later.incrementAndGet();
                    return true;
                });
        long sequence = notifier.readBegin();
        MmuNotifierRange hasty = new MmuNotifierRange(0, PAGE, Event.UNMAP, null, false);
        Agent<Boolean> owner =
                Agent.start(() -> {
                    driver.lock();
                    boolean done = Agent.start(() -> subscriptions.start(hasty)).finish();
                    driver.unlock();
                    return done;
                });
        assertFalse(owner.finish());
        assertFalse(notifier.readRetry(sequence), "nothing was changed");
        assertEquals(0, later.get(), "the others are not asked any more");
        assertTrue(subscriptions.isQuiet(), "there is nothing to end");
        assertTrue(subscriptions.start(hasty));
        subscriptions.end();
        assertTrue(notifier.readRetry(sequence));
        assertEquals(1, later.get());
    }

    @Test
    void invalidationMayNotBeAnnouncedUnderAPageTableLock() {
        RankedLock pageTable = new RankedLock(LockRank.PAGE_TABLE);
        pageTable.lock();
        try {
            assertThrows(AssertionError.class, () -> subscriptions.start(range(0, PAGE)));
        } finally {
            pageTable.unlock();
        }
        assertTrue(subscriptions.isQuiet());
    }

    /// What a driver's fill loop relies on: who sees no retry under the lock of the callback holds
    /// what is still mapped.
    @Test
    void readerNeverKeepsAValueThatAnInvalidationReplaced() {
        RankedLock update = new RankedLock(LockRank.DRIVER_UPDATE);
        int[] mapped = {0};
        int[] mirrored = {-1};
        MmuIntervalNotifier notifier =
                insert(
                        0,
                        PAGE,
                        (own, range, sequence) -> {
                            update.lock();
                            own.setSequence(sequence);
                            mirrored[0] = -1;
                            update.unlock();
                            return true;
                        });
        Agent<Boolean> changer =
                Agent.start(() -> {
                    for (int i = 1; i <= 5000; i++) {
                        subscriptions.start(range(0, PAGE));
                        synchronized (mapped) {
                            mapped[0] = i;
                        }
                        update.lock();
                        boolean dropped = mirrored[0] == -1;
                        update.unlock();
                        assertTrue(dropped, "mirrored while it changed");
                        subscriptions.end();
                    }
                    return true;
                });
        while (!changer.isDone()) {
            long sequence = notifier.readBegin();
            int seen;
            synchronized (mapped) {
                seen = mapped[0];
            }
            update.lock();
            if (!notifier.readRetry(sequence)) {
                mirrored[0] = seen;
            }
            update.unlock();
        }
        assertTrue(changer.finish());
    }
}
