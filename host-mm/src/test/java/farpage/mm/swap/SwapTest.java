package farpage.mm.swap;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.VmFlags;
import farpage.mm.VmStat;
import farpage.mm.Vma;
import farpage.mm.fault.FaultResult;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.MigrateSelect;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.physical.PhysicalAddressMap;
import farpage.mm.physical.PhysicalLayout;
import farpage.mm.reclaim.ReclaimAdvice;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Pages that go to swap and come back.
final class SwapTest {
    private static final int FRAMES = 128;

    @RegisterExtension final TestMachine machine = new TestMachine(FRAMES);
    private final TestDevice device = machine.newDevice(64);
    private final TestProcess process = machine.newProcess();

    @BeforeEach
    void swapOn() {
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(1024)));
    }

    private long count(VmStat.Event event) {
        return machine.machine().vmStat().get(event);
    }

    private long pageOut(TestProcess of, long address, int pageCount) {
        return of.<Long>withVma(
                address,
                vma ->
                        new ReclaimAdvice(vma)
                                .pageOut(address, address + PageSize.pageAddress(pageCount)));
    }

    private void advise(long address, int pageCount, Advice advice) {
        assertEquals(
                Errno.OK, process.mm().madvise(address, PageSize.pageAddress(pageCount), advice));
    }

    @Test
    @Tag("T-1.1")
    void pageThatWentOutComesBackWithItsContents() {
        long address = process.map(4);
        process.storeRow(address, 4, 1);
        assertEquals(4, pageOut(process, address, 4));
        assertEquals(Shape.SWAP, process.shape(address));
        assertTrue(PageTableEntry.isExclusiveSwap(process.entry(address)));
        assertEquals(0, process.mm().anonymousPageCount());
        assertEquals(4, process.mm().rss(RssCounter.SWAP_ENTRIES));
        machine.check();
        process.assertRow(address, 4, 1);
        assertEquals(0, process.mm().rss(RssCounter.SWAP_ENTRIES));
        assertEquals(4, count(VmStat.Event.PSWPOUT));
        assertEquals(4, count(VmStat.Event.PSWPIN));
        assertEquals(4, count(VmStat.Event.PGMAJFAULT));
    }

    @Test
    void workingSetLargerThanMemoryKeepsItsContents() {
        int pages = 3 * FRAMES;
        long address = process.map(pages);
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < pages; i++) {
                process.store(page(address, i), i + round);
            }
            machine.check();
            for (int i = 0; i < pages; i++) {
                assertEquals((byte) (i + round), process.load(page(address, i)));
            }
        }
        assertTrue(count(VmStat.Event.PSWPOUT) > pages);
        assertTrue(count(VmStat.Event.ALLOCSTALL_NORMAL) > 0);
        process.unmap(address, pages);
        assertEquals(1023, machine.machine().swap().freeSlotCount());
    }

    /// Reclaim freezes a folio before it takes it out of the swap cache; an access in between finds
    /// neither a folio nor room for its own, and waits.
    @Test
    void accessWaitsForAFolioThatReclaimHasFrozen() throws InterruptedException {
        long address = process.map(1);
        process.store(address, 7);
        pageOut(process, address, 1);
        FolioTable folios = machine.machine().folios();
        long entry = SwapEntry.ofPageTableEntry(process.entry(address));
        process.mm().lockRead();
        Vma vma = Objects.requireNonNull(process.mm().lookupVma(address));
        long page = machine.machine().swap().readIn(entry, vma);
        process.mm().unlockRead();
        folios.lock(page);
        assertTrue(folios.freezeReferences(page, 2));
        AtomicInteger loaded = new AtomicInteger();
        Thread access = Thread.ofPlatform().start(() -> loaded.set(process.load(address)));
        assertFalse(access.join(Duration.ofMillis(50)), "the access ended: " + loaded);
        folios.unfreezeReferences(page, 2);
        folios.unlock(page);
        machine.machine().put(page);
        access.join();
        assertEquals(7, loaded.get());
    }

    @Test
    void memoryAndSwapFullIsOutOfMemory() {
        long address = process.map(FRAMES + 1100);
        int stored = 0;
        while (process.tryStore(page(address, stored), stored) == FaultResult.HANDLED) {
            stored++;
        }
        assertTrue(stored > 1000 + FRAMES / 2, "stored " + stored);
        for (int i = 0; i < stored; i += 97) {
            process.unmap(page(address, stored), 1);
        }
        machine.check();
    }

    @Test
    void forkedProcessesShareTheSlotAndThenTheFolio() {
        long address = process.map(2);
        process.storeRow(address, 2, 1);
        pageOut(process, address, 2);
        TestProcess child = process.fork();
        assertFalse(PageTableEntry.isExclusiveSwap(process.entry(address)));
        assertEquals(2, child.mm().rss(RssCounter.SWAP_ENTRIES));
        machine.check();
        assertEquals(1, child.load(address));
        assertEquals(Shape.SWAP, process.shape(address));
        machine.check();
        assertEquals(1, process.load(address));
        assertEquals(process.pageAt(address), child.pageAt(address));
        assertEquals(1, count(VmStat.Event.PSWPIN), "read once for both");
        child.store(address, 9);
        assertEquals(1, process.load(address));
        assertEquals(9, child.load(address));
        machine.check();
        process.store(page(address, 1), 5);
        assertEquals(2, child.load(page(address, 1)));
    }

    @Test
    void pageLockedInMemoryByOneOfTwoProcessesStays() {
        long address = process.map(1);
        process.store(address, 1);
        TestProcess child = process.fork();
        child.protect(address, 1, VmFlags.READ); // or it would get a copy
        assertEquals(Errno.OK, child.mm().mlock(address, 4096));
        assertEquals(process.pageAt(address), child.pageAt(address));
        assertFalse(machine.machine().reclaim().reclaimPage(process.pageAt(address)));
        child.mm().exit();
        process.load(address);
        assertTrue(machine.machine().reclaim().reclaimPage(process.pageAt(address)));
    }

    @Test
    void sharedPageGoesOutOfBothProcesses() {
        long address = process.map(FRAMES - 40);
        process.storeRow(address, FRAMES - 40, 1);
        TestProcess child = process.fork();
        long more = process.map(FRAMES);
        process.storeRow(more, FRAMES, 3);
        machine.check();
        child.assertRow(address, FRAMES - 40, 1);
        process.assertRow(address, FRAMES - 40, 1);
        process.assertRow(more, FRAMES, 3);
    }

    @Test
    void unmappingASwapEntryFreesTheSlot() {
        long address = process.map(4);
        process.storeRow(address, 4, 1);
        pageOut(process, address, 4);
        assertEquals(1019, machine.machine().swap().freeSlotCount());
        process.unmap(address, 4);
        assertEquals(1023, machine.machine().swap().freeSlotCount());
    }

    @Test
    @Tag("T-2.6")
    void migrationSkipsASwapEntryAndLeavesItAsItIs() {
        long address = process.map(2);
        process.storeRow(address, 2, 1);
        pageOut(process, address, 1);
        long entry = process.entry(address);
        MigrateVma migration = new MigrateVma(2, MigrateSelect.SYSTEM, device, Page.NONE);
        int migrating =
                process.<Integer>withVma(
                        address,
                        vma -> {
                            assertEquals(Errno.OK, migration.setup(vma, address, page(address, 2)));
                            assertEquals(MigratePfn.SKIP, migration.src(0));
                            int found = migration.migratingCount();
                            migration.pages();
                            migration.finish();
                            return found;
                        });
        assertEquals(1, migrating);
        assertEquals(entry, process.entry(address));
        assertEquals(1, process.load(address));
    }

    @Test
    void pageInTheSwapCacheMovesToADeviceOnlyWhenNobodyNeedsTheSlot() {
        long address = process.map(2);
        process.storeRow(address, 2, 1);
        pageOut(process, address, 2);
        TestProcess child = process.fork();
        assertEquals(1, process.load(address));
        assertTrue(machine.folios().hasFlag(process.pageAt(address), FolioFlags.SWAPCACHE));
        assertEquals(0, device.pull(process, address, 1), "the child's entry names the slot");
        machine.check();
        assertEquals(1, child.load(address));
        assertEquals(1, device.pull(process, address, 1));
        machine.check();
        assertEquals(1, process.load(address));
        assertEquals(1, child.load(address));
    }

    @Test
    @Tag("T-2.24")
    void pageFromADeviceIsWrittenToSwapBecauseItIsDirty() {
        long address = process.map(1);
        process.store(address, 7);
        device.pull(process, address, 1);
        device.push(process, address, 1);
        assertTrue(machine.folios().hasFlag(process.pageAt(address), FolioFlags.DIRTY));
        assertEquals(1, pageOut(process, address, 1));
        assertEquals(7, process.load(address));
    }

    @Test
    void devicePagesAreNeverReclaimed() {
        long address = process.map(32);
        process.storeRow(address, 32, 1);
        device.pull(process, address, 32);
        assertEquals(0, pageOut(process, address, 32));
        long more = process.map(2 * FRAMES);
        process.storeRow(more, 2 * FRAMES, 1);
        for (int i = 0; i < 32; i++) {
            assertEquals(Shape.DEVICE_PRIVATE, process.shape(page(address, i)));
        }
        process.assertRow(address, 32, 1);
        process.assertRow(more, 2 * FRAMES, 1);
    }

    @Test
    void pageMarkedFreeIsDroppedUnlessItWasWrittenSince() {
        long address = process.map(3);
        process.storeRow(address, 3, 1);
        pageOut(process, address, 1);
        advise(address, 3, Advice.FREE);
        process.store(page(address, 2), 8);
        assertEquals(Shape.NONE, process.shape(address), "what lay in swap is gone at once");
        assertEquals(2, process.load(page(address, 1)), "still there");
        machine.check();
        assertEquals(1, pageOut(process, page(address, 1), 2));
        assertEquals(Shape.NONE, process.shape(page(address, 1)));
        assertEquals(0, process.load(page(address, 1)));
        assertEquals(8, process.load(page(address, 2)));
        assertEquals(1, count(VmStat.Event.PGLAZYFREED));
    }

    @Test
    void willNeedReadsIntoTheSwapCacheAndMapsNothing() {
        long address = process.map(2);
        process.storeRow(address, 2, 1);
        pageOut(process, address, 2);
        advise(address, 2, Advice.WILLNEED);
        assertEquals(2, count(VmStat.Event.PSWPIN));
        assertEquals(Shape.SWAP, process.shape(address));
        machine.check();
        process.assertRow(address, 2, 1);
        assertEquals(0, count(VmStat.Event.PGMAJFAULT));
    }

    @Test
    void protectionIsHeededWhenThePageComesBack() {
        long address = process.map(1);
        process.store(address, 3);
        pageOut(process, address, 1);
        process.protect(address, 1, VmFlags.READ);
        assertEquals(Shape.SWAP, process.shape(address));
        assertEquals(3, process.load(address));
        assertEquals(FaultResult.SIGSEGV, process.tryStore(address, 4));
        process.protect(address, 1, TestProcess.READ_WRITE);
        process.store(address, 4);
        assertEquals(4, process.load(address));
    }

    @Test
    void swapOffBringsEverythingBack() {
        long address = process.map(20);
        process.storeRow(address, 20, 1);
        TestProcess child = process.fork();
        long own = process.map(20);
        process.storeRow(own, 20, 50);
        pageOut(process, own, 20);
        assertEquals(Errno.OK, machine.machine().swap().swapOff(0));
        assertEquals(0, process.mm().rss(RssCounter.SWAP_ENTRIES));
        machine.check();
        process.assertRow(own, 20, 50);
        child.assertRow(address, 20, 1);
        assertEquals(Errno.EINVAL, machine.machine().swap().swapOff(0));
    }

    @Test
    void swapOffThatFindsNoMemoryLeavesThePagesThere() {
        long address = process.map(3 * FRAMES);
        process.storeRow(address, 3 * FRAMES, 1);
        assertEquals(Errno.ENOMEM, machine.machine().swap().swapOff(0));
        machine.check();
        process.assertRow(address, 3 * FRAMES, 1);
    }

    @Test
    @Tag("T-9.7")
    void pagesOutsideThePhysicalAddressSpaceLeaveRoomForTwentyOneSwapAreas() {
        SwapSpace swap = machine.machine().swap();
        for (int area = 1; area < 21; area++) {
            assertEquals(Errno.OK, swap.swapOn(new SwapMemory(4)));
        }
        try (SwapMemory storage = new SwapMemory(4)) {
            assertEquals(Errno.EPERM, swap.swapOn(storage));
        }
        assertEquals(1023 + 20 * 3, swap.slotCount());
    }

    @Test
    @Tag("T-1.2")
    @Tag("T-9.7")
    void pagesInThePhysicalAddressSpaceLeaveRoomForTwentyFourSwapAreas() {
        PhysicalAddressMap map = new PhysicalAddressMap(PhysicalLayout.DEFAULT, 1 << 20);
        try (Machine physical = new Machine(1 << 20, Optional.of(map))) {
            SwapSpace swap = physical.swap();
            for (int area = 0; area < 24; area++) {
                assertEquals(Errno.OK, swap.swapOn(new SwapMemory(4)));
            }
            try (SwapMemory storage = new SwapMemory(4)) {
                assertEquals(Errno.EPERM, swap.swapOn(storage));
            }
            assertEquals(24 * 3, swap.slotCount());
        }
    }

    @Test
    void pageThatCannotBeReadBackIsSigbus() {
        assertEquals(Errno.OK, machine.machine().swap().swapOff(0));
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new FailingStorage(true)));
        long address = process.map(1);
        process.store(address, 1);
        assertEquals(1, pageOut(process, address, 1));
        assertEquals(FaultResult.SIGBUS, process.tryLoad(address));
        process.unmap(address, 1);
    }

    @Test
    void pageThatCannotBeReadWhenTheAreaGoesIsPoisoned() {
        assertEquals(Errno.OK, machine.machine().swap().swapOff(0));
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new FailingStorage(true)));
        long address = process.map(2);
        process.storeRow(address, 2, 1);
        assertEquals(2, pageOut(process, address, 2));
        assertEquals(Errno.OK, machine.machine().swap().swapOff(0));
        assertEquals(Shape.MARKER, process.shape(address));
        assertEquals(0, process.mm().rss(RssCounter.SWAP_ENTRIES));
        assertEquals(FaultResult.HWPOISON, process.tryLoad(address));
        TestProcess child = process.fork();
        assertEquals(FaultResult.HWPOISON, child.tryLoad(address));
        machine.check();
        advise(address, 1, Advice.DONTNEED);
        assertEquals(0, process.load(address));
        advise(page(address, 1), 1, Advice.FREE);
        assertEquals(0, process.load(page(address, 1)));
    }

    @Test
    void pageThatCannotBeWrittenStaysInMemory() {
        assertEquals(Errno.OK, machine.machine().swap().swapOff(0));
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new FailingStorage(false)));
        long address = process.map(1);
        process.store(address, 6);
        assertEquals(0, pageOut(process, address, 1));
        assertEquals(6, process.load(address));
        process.store(address, 7);
        assertEquals(7, process.load(address));
    }

    /// A storage that takes pages and does not give them back, or takes none.
    private record FailingStorage(boolean takes) implements SwapStorage {
        @Override
        public int slotCount() {
            return 16;
        }

        @Override
        public void write(int slot, MemorySegment page) throws IOException {
            if (!takes) {
                throw new IOException("slot " + slot);
            }
        }

        @Override
        public void read(int slot, MemorySegment page) throws IOException {
            throw new IOException("slot " + slot);
        }

        @Override
        public void close() {}
    }
}
