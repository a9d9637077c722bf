package farpage.mm.migrate;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.memory.FolioFlags;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.testing.Agent;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Migrations by device page: eviction.
final class MigrateDeviceTest {
    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(8);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(8);

    @Test
    @Tag("T-2.22")
    void evictionFindsPagesWhereverTheyAreMapped() {
        TestProcess other = machine.newProcess();
        long elsewhere = other.map(2);
        process.storeRow(address, 3, 1);
        other.storeRow(elsewhere, 2, 11);
        device.pull(process, address, 3);
        device.pull(other, elsewhere, 2);
        TestProcess child = process.fork();
        assertEquals(5, device.evict());
        assertEquals(0, device.pagemap().livePageCount());
        process.assertRow(address, 3, 1);
        child.assertRow(address, 3, 1);
        other.assertRow(elsewhere, 2, 11);
        assertEquals(0, device.ramCalls());
    }

    @Test
    @Tag("T-2.22")
    void freeAndLockedPagesAreSkipped() {
        process.storeRow(address, 3, 1);
        device.pull(process, address, 3);
        long locked = process.pageAt(page(address, 1));
        assertTrue(machine.folios().tryLock(locked));
        assertEquals(2, device.evict());
        machine.folios().unlock(locked);
        assertTrue(device.holds(process, page(address, 1)));
        assertFalse(device.holds(process, address));
        process.assertRow(address, 3, 1);
    }

    @Test
    void pagesNeverUsedAreSkipped() {
        assertEquals(0, device.evict());
    }

    @Test
    void pageWithTwoStrayReferencesStays() {
        process.store(address, 1);
        device.pull(process, address, 1);
        long page = process.pageAt(address);
        machine.folios().get(page);
        machine.folios().get(page);
        assertEquals(0, device.evict());
        assertTrue(device.holds(process, address));
        machine.machine().put(page);
        machine.machine().put(page);
    }

    @Test
    void writabilityReturnsThoughTheWordsDoNotTellIt() {
        process.store(address, 1);
        device.pull(process, address, 1);
        device.evict();
        assertTrue(PageTableEntry.isWritable(process.entry(address)));
        assertTrue(machine.folios().hasFlag(process.pageAt(address), FolioFlags.ANON_EXCLUSIVE));
    }

    @Test
    void evictedPagesAreClearedForMirrors() {
        process.store(address, 1);
        device.pull(process, address, 1);
        try (EventLog log = new EventLog(process.mm())) {
            device.evict();
            assertEquals(List.of(MmuNotifierRange.Event.CLEAR), log.takeEvents());
        }
    }

    @Test
    @Tag("T-1.5")
    void takingTheDeviceDownWaitsForTheLastPage() {
        TestDevice doomed = machine.newDevice(2);
        process.store(address, 5);
        doomed.pull(process, address, 1);
        CountDownLatch started = new CountDownLatch(1);
        Agent<Boolean> unmap =
                Agent.start(() -> {
                    started.countDown();
                    doomed.pagemap().killAndAwaitDrained();
                    return true;
                });
        Agent.await(started);
        unmap.awaitWaiting();
        assertEquals(5, process.load(address));
        assertTrue(unmap.finish());
    }

    /// Splitting and joining VMAs moves the places where the reverse map looks. A page in migration
    /// must be found again whatever the VMAs do meanwhile: what once was lost here was the entry.
    @Test
    void evictionKeepsFindingPagesWhileVmasAreCutAndJoined() {
        for (int round = 0; round < 200; round++) {
            process.storeRow(address, 4, round);
            assertEquals(4, device.pull(process, address, 4));
            Agent<Integer> eviction = Agent.start(device::evict);
            for (int cut = 0; cut < 20; cut++) {
                process.protect(page(address, 1 + cut % 3), 1, 0);
                process.protect(page(address, 1 + cut % 3), 1, TestProcess.READ_WRITE);
            }
            eviction.finish();
            machine.check();
            process.assertRow(address, 4, round);
        }
    }
}
