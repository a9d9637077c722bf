package farpage.mm.lock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.testing.Agent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The order of locks is kept.
@SuppressWarnings("EnumOrdinal") // the order of the enum is what is tested
final class RankedLockTest {
    @AfterEach
    void nothingIsHeldAfterwards() {
        assertTrue(HeldRanks.holdsNothing(), HeldRanks::describe);
    }

    @Test
    void everyPairOfRanksNestsOneWayOnly() {
        for (LockRank outer : LockRank.values()) {
            for (LockRank inner : LockRank.values()) {
                RankedLock held = new RankedLock(outer);
                RankedLock wanted = new RankedLock(inner);
                held.lock();
                try {
                    if (inner.ordinal() > outer.ordinal()) {
                        wanted.lock();
                        wanted.unlock();
                    } else {
                        assertThrows(AssertionError.class, wanted::lock, outer + ", " + inner);
                        assertFalse(wanted.isHeldByCurrentThread());
                    }
                } finally {
                    held.unlock();
                }
            }
        }
    }

    @Test
    void lockOfAnEarlierRankMayBeTried() {
        RankedLock pageTable = new RankedLock(LockRank.PAGE_TABLE);
        RankedLock driver = new RankedLock(LockRank.DRIVER_UPDATE);
        pageTable.lock();
        assertTrue(driver.tryLock());
        assertEquals("DRIVER_UPDATE, PAGE_TABLE", HeldRanks.describe());
        driver.unlock();
        pageTable.unlock();
    }

    @Test
    void tryFailsWhereAnotherThreadHoldsTheLock() {
        RankedLock lock = new RankedLock(LockRank.ZONE);
        lock.lock();
        assertFalse(Agent.start(lock::tryLock).finish());
        lock.unlock();
    }

    @Test
    void secondLockOfARankIsTakenNestedOnly() {
        RankedLock parent = new RankedLock(LockRank.PAGE_TABLE);
        RankedLock child = new RankedLock(LockRank.PAGE_TABLE);
        assertThrows(AssertionError.class, child::lockNested, "nothing to nest in");
        parent.lock();
        assertThrows(AssertionError.class, child::lock);
        child.lockNested();
        assertEquals("PAGE_TABLE x2", HeldRanks.describe());
        child.unlock();
        assertTrue(HeldRanks.holds(LockRank.PAGE_TABLE));
        parent.unlock();
    }

    @Test
    void locksMayBeReleasedInAnyOrder() {
        RankedLock outer = new RankedLock(LockRank.MMAP);
        RankedLock inner = new RankedLock(LockRank.ZONE);
        outer.lock();
        inner.lock();
        outer.unlock();
        assertEquals("ZONE", HeldRanks.describe());
        inner.unlock();
    }

    @Test
    void releasingWhatIsNotHeldIsCaught() {
        assertThrows(
                IllegalMonitorStateException.class, () -> new RankedLock(LockRank.ZONE).unlock());
        assertThrows(AssertionError.class, () -> HeldRanks.released(LockRank.ZONE));
        assertTrue(HeldRanks.holdsNothing(), "and changes nothing");
    }

    @Test
    void readersShareAndWritersExclude() {
        RankedReadWriteLock lock = new RankedReadWriteLock(LockRank.MMAP);
        lock.lockRead();
        assertTrue(lock.isHeld());
        assertFalse(lock.isHeldForWrite());
        assertTrue(Agent.start(() -> readOnce(lock)).finish());
        Agent<Boolean> writer =
                Agent.start(() -> {
                    lock.lockWrite();
                    boolean held = lock.isHeldForWrite();
                    lock.unlockWrite();
                    return held;
                });
        writer.awaitWaiting();
        lock.unlockRead();
        assertTrue(writer.finish());
        assertFalse(lock.isHeld());
    }

    private static boolean readOnce(RankedReadWriteLock lock) {
        lock.lockRead();
        lock.unlockRead();
        return true;
    }

    @Test
    void readerDoesNotTakeTheLockTwice() {
        RankedReadWriteLock lock = new RankedReadWriteLock(LockRank.MMAP);
        lock.lockRead();
        assertThrows(AssertionError.class, lock::lockRead);
        assertThrows(AssertionError.class, lock::lockWrite);
        lock.unlockRead();
    }
}
