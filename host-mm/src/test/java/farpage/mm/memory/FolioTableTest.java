package farpage.mm.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Page;
import farpage.mm.lock.HeldRanks;
import farpage.mm.testing.Agent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The memmap: counts, flags and the folio lock.
final class FolioTableTest {
    private static final long PAGE = Page.ofPfn(48);
    private static final long DEVICE_PAGE = Page.ofDevicePfn(48);

    private final FolioTable folios = new FolioTable(100_000, 1 << 20);

    @Test
    void systemAndDevicePagesOfOneNumberAreApart() {
        folios.init(PAGE, 0, FolioFlags.DIRTY);
        assertFalse(folios.isKnown(DEVICE_PAGE));
        folios.init(DEVICE_PAGE, 3, 0);
        folios.get(DEVICE_PAGE);
        assertEquals(1, folios.refCount(PAGE));
        assertEquals(2, folios.refCount(DEVICE_PAGE));
        assertEquals(3, folios.order(DEVICE_PAGE));
        assertEquals(0, folios.order(PAGE));
        assertTrue(folios.hasFlag(PAGE, FolioFlags.DIRTY));
        assertFalse(folios.hasFlag(DEVICE_PAGE, FolioFlags.DIRTY));
    }

    @Test
    void firstAndLastPageOfEverySectionHaveTheirOwnState() {
        long[] pages = {0, 32_767, 32_768, 65_535, 65_536, 99_999};
        for (long page : pages) {
            assertEquals(page != 32_767 && page != 65_535, !folios.isKnown(page), "page " + page);
            folios.init(page, 0, 0);
            folios.setMapping(page, "mapping", page);
        }
        for (long page : pages) {
            assertEquals(page, folios.index(page));
            assertEquals(1, folios.refCount(page));
        }
    }

    @Test
    void lastPutIsTold() {
        folios.init(PAGE, 0, 0);
        folios.get(PAGE);
        assertFalse(folios.putTestZero(PAGE));
        assertTrue(folios.putTestZero(PAGE));
        assertFalse(folios.tryGet(PAGE));
        assertFalse(folios.tryGet(Page.ofPfn(70_000)), "never initialised");
    }

    @Test
    void tryGetTakesAReferenceOfAPageInUse() {
        folios.init(PAGE, 0, 0);
        assertTrue(folios.tryGet(PAGE));
        assertEquals(2, folios.refCount(PAGE));
    }

    @Test
    void misuseIsCaught() {
        folios.init(PAGE, 0, 0);
        assertThrows(AssertionError.class, () -> folios.init(PAGE, 0, 0), "in use");
        assertThrows(AssertionError.class, () -> folios.unlock(PAGE), "not locked");
        assertThrows(AssertionError.class, () -> folios.removeMapping(PAGE), "not mapped");
        assertThrows(AssertionError.class, () -> folios.refCount(Page.ofPfn(70_000)), "unknown");
        folios.putTestZero(PAGE);
        assertThrows(AssertionError.class, () -> folios.get(PAGE), "free");
    }

    @Test
    void initClearsWhatTheLastUserLeft() {
        folios.init(PAGE, 2, FolioFlags.DIRTY | FolioFlags.ACTIVE);
        folios.setMapping(PAGE, "mapping", 7);
        folios.putTestZero(PAGE);
        folios.init(PAGE, 0, FolioFlags.UPTODATE);
        assertEquals(FolioFlags.UPTODATE, folios.flags(PAGE));
        assertNull(folios.mapping(PAGE));
        assertEquals(0, folios.index(PAGE));
        assertEquals(0, folios.order(PAGE));
    }

    @Test
    void flagsChangeOneByOne() {
        folios.init(PAGE, 4, FolioFlags.LRU);
        folios.setFlag(PAGE, FolioFlags.DIRTY);
        assertTrue(folios.testAndClearFlag(PAGE, FolioFlags.LRU));
        assertFalse(folios.testAndClearFlag(PAGE, FolioFlags.LRU));
        assertEquals("dirty", FolioFlags.describe(folios.flags(PAGE)));
        assertEquals(4, folios.order(PAGE));
    }

    @Test
    void migrationCarriesWhatBelongsToTheContents() {
        int carried = FolioFlags.UPTODATE | FolioFlags.DIRTY | FolioFlags.SWAPBACKED;
        folios.init(PAGE, 0, carried | FolioFlags.LRU | FolioFlags.ANON_EXCLUSIVE);
        folios.init(DEVICE_PAGE, 0, FolioFlags.LOCKED);
        folios.migrateState(PAGE, DEVICE_PAGE);
        assertEquals(carried | FolioFlags.LOCKED, folios.flags(DEVICE_PAGE));
    }

    @Test
    void driversDataBelongsToThePage() {
        folios.init(DEVICE_PAGE, 0, 0);
        assertNull(folios.zoneDeviceData(DEVICE_PAGE));
        folios.setZoneDeviceData(DEVICE_PAGE, this);
        assertSame(this, folios.zoneDeviceData(DEVICE_PAGE));
        folios.setZoneDeviceData(DEVICE_PAGE, null);
        assertNull(folios.zoneDeviceData(DEVICE_PAGE));
        assertThrows(AssertionError.class, () -> folios.zoneDeviceData(PAGE));
    }

    @Test
    void lockedFolioCanNotBeLockedAgain() {
        folios.init(PAGE, 0, 0);
        assertTrue(folios.tryLock(PAGE));
        assertFalse(Agent.start(() -> folios.tryLock(PAGE)).finish());
        assertTrue(folios.isLocked(PAGE));
        folios.unlock(PAGE);
        assertFalse(folios.isLocked(PAGE));
        assertTrue(HeldRanks.holdsNothing());
    }

    @Test
    void waiterSleepsUntilTheUnlock() {
        folios.init(PAGE, 0, 0);
        folios.lock(PAGE);
        Agent<Boolean> waiter = Agent.start(this::waitUnlocked);
        waiter.awaitWaiting();
        assertTrue(folios.hasFlag(PAGE, FolioFlags.WAITERS));
        folios.unlock(PAGE);
        assertTrue(waiter.finish());
        assertEquals(0, folios.flags(PAGE));
    }

    /// A thread that read a migration entry waits without a reference. The page it waits for may
    /// have become the destination of the next migration; its publication forgot such waiters.
    @Test
    @Timeout(60)
    void publicationOfADestinationWakesWhoFoundThePageInItsFormerLife() {
        folios.initLocked(PAGE, 0);
        Agent<Boolean> waiter = Agent.start(this::waitUnlocked);
        waiter.awaitWaiting();
        folios.init(DEVICE_PAGE, 0, FolioFlags.DIRTY);
        folios.setMapping(DEVICE_PAGE, "mapping", 7);
        assertTrue(folios.hasFlag(PAGE, FolioFlags.WAITERS));
        folios.publishMoved(PAGE, "mapping", 7, FolioFlags.DIRTY | FolioFlags.LRU);
        assertTrue(waiter.finish());
        assertEquals(FolioFlags.DIRTY | FolioFlags.LRU, folios.flags(PAGE));
    }

    private boolean waitUnlocked() {
        folios.waitUnlocked(PAGE);
        return true;
    }

    @Test
    void waitingForAnUnlockedFolioReturnsAtOnce() {
        folios.init(PAGE, 0, 0);
        assertTrue(waitUnlocked());
        assertFalse(folios.hasFlag(PAGE, FolioFlags.WAITERS));
    }

    /// Who waits by a page's number need not know that it is a destination nobody can find yet.
    @Test
    void waiterOfADestinationWakesWhenItIsMapped() {
        folios.init(DEVICE_PAGE, 0, FolioFlags.DIRTY);
        folios.setMapping(DEVICE_PAGE, "mapping", 7);
        folios.initLocked(PAGE, 0);
        Agent<Boolean> waiter = Agent.start(this::waitUnlocked);
        waiter.awaitWaiting();
        assertTrue(folios.hasFlag(PAGE, FolioFlags.WAITERS));
        folios.publishMoved(PAGE, "mapping", 7, FolioFlags.DIRTY | FolioFlags.LRU);
        assertTrue(waiter.finish());
        assertEquals(FolioFlags.DIRTY | FolioFlags.LRU, folios.flags(PAGE));
        assertEquals(1, folios.mapCount(PAGE));
        assertEquals(1, folios.refCount(PAGE));
    }

    @Test
    void lockForAMigrationTakesExclusivityAway() {
        folios.init(PAGE, 0, FolioFlags.LRU | FolioFlags.ANON_EXCLUSIVE);
        int before = folios.tryLockTakingExclusive(PAGE, FolioFlags.DIRTY);
        assertEquals(FolioFlags.LRU | FolioFlags.ANON_EXCLUSIVE, before);
        assertEquals(FolioFlags.LRU | FolioFlags.DIRTY | FolioFlags.LOCKED, folios.flags(PAGE));
        assertEquals(-1, folios.tryLockTakingExclusive(PAGE, FolioFlags.ACTIVE));
        assertFalse(folios.hasFlag(PAGE, FolioFlags.ACTIVE), "nothing changes if it is locked");
        folios.unlock(PAGE);
    }

    @Test
    void resetForgetsWhatAPageWasUsedFor() {
        folios.init(PAGE, 0, FolioFlags.LRU | FolioFlags.ANON_EXCLUSIVE);
        folios.setMapping(PAGE, "mapping", 7);
        assertThrows(AssertionError.class, () -> folios.reset(PAGE), "in use");
        folios.putTestZero(PAGE);
        folios.reset(PAGE);
        assertEquals(0, folios.flags(PAGE));
        assertNull(folios.mapping(PAGE));
    }

    /// Two pages of one wait queue: the wake-up of one must not count as that of the other.
    @Test
    void unlockOfOneFolioLeavesWaitersOfOthersAsleep() {
        long other = otherPageOfTheQueue();
        folios.init(PAGE, 0, 0);
        folios.init(other, 0, 0);
        folios.lock(PAGE);
        assertTrue(folios.tryLock(other));
        Agent<Boolean> waiter = Agent.start(this::waitUnlocked);
        waiter.awaitWaiting();
        folios.setFlag(other, FolioFlags.WAITERS);
        folios.unlock(other);
        waiter.awaitWaiting();
        folios.unlock(PAGE);
        assertTrue(waiter.finish());
    }

    private static long otherPageOfTheQueue() {
        long other = PAGE + 1;
        while (queue(other) != queue(PAGE)) {
            other++;
        }
        return other;
    }

    private static long queue(long page) {
        return (page * 0x9E3779B97F4A7C15L) >>> 58;
    }

    @Test
    void folioLockExcludesThreads() {
        folios.init(PAGE, 0, 0);
        int[] counter = {0};
        CountDownLatch start = new CountDownLatch(1);
        List<Agent<Boolean>> agents = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            agents.add(
                    Agent.start(() -> {
                        Agent.await(start);
                        for (int round = 0; round < 5000; round++) {
                            folios.lock(PAGE);
                            counter[0]++;
                            folios.unlock(PAGE);
                        }
                        return true;
                    }));
        }
        start.countDown();
        agents.forEach(Agent::finish);
        assertEquals(15_000, counter[0]);
        assertEquals(0, folios.flags(PAGE));
    }

    @Test
    void referencesOfManyThreadsBalance() {
        folios.init(PAGE, 0, 0);
        List<Agent<Boolean>> agents = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            agents.add(
                    Agent.start(() -> {
                        for (int round = 0; round < 5000; round++) {
                            assertTrue(folios.tryGet(PAGE));
                            folios.addMapping(PAGE);
                            folios.removeMapping(PAGE);
                            assertFalse(folios.putTestZero(PAGE));
                        }
                        return true;
                    }));
        }
        agents.forEach(Agent::finish);
        assertEquals(1, folios.refCount(PAGE));
        assertEquals(0, folios.mapCount(PAGE));
    }
}
