package farpage.mm.migrate;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.VmStat;
import farpage.mm.file.OpenFile;
import farpage.mm.hugememory.HugePages;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.mempolicy.MempolicyFlags;
import farpage.mm.mempolicy.RelocatePages;
import farpage.mm.migrate.FolioMigration.Event;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.swap.SwapMemory;
import farpage.mm.testing.Agent;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Ordinary migrations: within the memory of the system, in both ways of copying.
final class MigrateFoliosTest {
    private static final long HUGE = 1L << 30;
    private static final int ANY = MempolicyFlags.MOVE_ALL;

    @RegisterExtension final TestMachine machine = new TestMachine(4096);
    private final Machine mm = machine.machine();
    private final FolioTable folios = machine.folios();
    private final TestProcess process = machine.newProcess();

    /// Copies like a device would, and sees what it is given.
    private final class Copier implements FolioCopyOffload {
        private FolioCopyAnswer answer = FolioCopyAnswer.COPIED;
        private final List<Integer> batches = new ArrayList<>();
        private Consumer<FolioPairs> afterwards = pairs -> {};

        @Override
        public FolioCopyAnswer copy(FolioPairs pairs) {
            batches.add(pairs.count());
            for (int i = 0; i < pairs.count(); i++) {
                for (int page = 0; page < pairs.length(i); page++) {
                    if (answer == FolioCopyAnswer.COPIED) {
                        mm.ram().copy(pairs.source(i) + page, pairs.destination(i) + page);
                    } else if (answer == FolioCopyAnswer.FAILED) {
                        mm.ram().bytes(pairs.destination(i) + page).fill((byte) 0x5a);
                    }
                }
            }
            afterwards.accept(pairs);
            return answer;
        }
    }

    private final Copier copier = new Copier();

    private void use(FolioCopyMode mode) {
        mm.folioMigration()
                .set(
                        mode == FolioCopyMode.SINGLE
                                ? MigrateOffload.OFF
                                : MigrateOffload.batch(copier));
    }

    /// Pages of which each has a byte of its own, counted from 1 on.
    private long mapRow(int pageCount) {
        long address = process.map(pageCount);
        process.storeRow(address, pageCount, 1);
        return address;
    }

    private RelocatePages relocate() {
        return new RelocatePages(mm, FolioDestinations.anywhere(mm), ANY);
    }

    private MigrateFoliosResult moveAll(TestProcess owner, long address, int pageCount) {
        MigrateFoliosResult result =
                relocate().range(owner.mm(), address, page(address, pageCount));
        machine.check();
        return result;
    }

    private static MigrateFoliosResult moved(int pages) {
        return new MigrateFoliosResult(pages, 0, pages, 0, 0);
    }

    private long count(Event event) {
        return mm.folioMigration().get(event);
    }

    @ParameterizedTest
    @EnumSource(FolioCopyMode.class)
    @Tag("T-11.6")
    void pagesMoveWithAllThatIsKnownOfThem(FolioCopyMode mode) {
        use(mode);
        long address = mapRow(8);
        long[] before = new long[8];
        long[] entries = new long[8];
        for (int i = 0; i < 8; i++) {
            before[i] = process.pageAt(page(address, i));
            entries[i] = process.entry(page(address, i));
        }
        assertEquals(moved(8), moveAll(process, address, 8));
        for (int i = 0; i < 8; i++) {
            long now = process.entry(page(address, i));
            assertNotEquals(before[i], PageTableEntry.page(now));
            assertEquals(PageTableEntry.isDirty(entries[i]), PageTableEntry.isDirty(now));
            assertEquals(PageTableEntry.isYoung(entries[i]), PageTableEntry.isYoung(now));
            assertEquals(PageTableEntry.isWritable(entries[i]), PageTableEntry.isWritable(now));
            assertTrue(folios.hasFlag(PageTableEntry.page(now), FolioFlags.ANON_EXCLUSIVE));
            assertEquals(0, folios.refCount(before[i]), "freed");
        }
        process.assertRow(address, 8, 1);
        assertEquals(8, mm.vmStat().get(VmStat.Event.PGMIGRATE_SUCCESS));
        assertEquals(0, mm.vmStat().get(VmStat.Event.PGMIGRATE_FAIL));
        boolean batch = mode == FolioCopyMode.BATCH;
        assertEquals(batch ? List.of(8) : List.of(), copier.batches);
        assertEquals(batch ? 8 : 0, count(Event.OFFLOADED_PAGES));
        assertEquals(batch ? 0 : 8, count(Event.SINGLE_COPIED_PAGES));
    }

    @ParameterizedTest
    @EnumSource(FolioCopyMode.class)
    @Tag("T-11.2")
    void destinationsAreThoseThatTheCallerChose(FolioCopyMode mode) {
        use(mode);
        long address = mapRow(4);
        long[] chosen = new long[4];
        for (int i = 3; i >= 0; i--) {
            chosen[i] = mm.allocateFolio(0);
        }
        int[] next = {0};
        int[] status = new int[4];
        RelocatePages to =
                new RelocatePages(mm, (source, order) -> chosen[next[0]++], MempolicyFlags.MOVE);
        long[] addresses = {page(address, 2), page(address, 0), page(address, 3), page(address, 1)};
        assertEquals(moved(4), to.addresses(process.mm(), addresses, status));
        for (int i = 0; i < 4; i++) {
            assertEquals(0, status[i]);
            assertEquals(chosen[i], process.pageAt(addresses[i]));
        }
        process.assertRow(address, 4, 1);
    }

    @Test
    void batchesAreAsLongAsTheLimitSays() {
        mm.folioMigration().set(MigrateOffload.batch(copier).withBatchPages(3));
        long address = mapRow(8);
        assertEquals(moved(8), moveAll(process, address, 8));
        assertEquals(List.of(3, 3, 2), copier.batches);
        process.assertRow(address, 8, 1);
    }

    @Test
    void batchWithoutAnOffloadIsCopiedByTheCpu() {
        mm.folioMigration().set(MigrateOffload.batch());
        long address = mapRow(8);
        assertEquals(moved(8), moveAll(process, address, 8));
        assertEquals(8, count(Event.BATCH_COPIED_PAGES));
        process.assertRow(address, 8, 1);
    }

    @ParameterizedTest
    @EnumSource(
            value = FolioCopyAnswer.class,
            names = {"BUSY", "FAILED"})
    @Tag("T-11.6")
    void withoutTheOffloadTheCpuCopiesFolioByFolio(FolioCopyAnswer answer) {
        use(FolioCopyMode.BATCH);
        copier.answer = answer;
        long address = mapRow(8);
        assertEquals(moved(8), moveAll(process, address, 8));
        process.assertRow(address, 8, 1);
        assertEquals(8, count(Event.SINGLE_COPIED_PAGES));
        assertEquals(0, count(Event.OFFLOADED_PAGES));
        boolean failed = answer == FolioCopyAnswer.FAILED;
        assertEquals(failed ? 1 : 0, count(Event.OFFLOAD_FAILED));
        assertEquals(failed ? 0 : 1, count(Event.OFFLOAD_BUSY));
    }

    @ParameterizedTest
    @EnumSource(FolioCopyMode.class)
    void folioThatSomebodyHoldsStaysAndTheOthersMove(FolioCopyMode mode) {
        use(mode);
        long address = mapRow(3);
        long held = process.pageAt(page(address, 1));
        folios.get(held);
        assertEquals(
                new MigrateFoliosResult(2, 1, 2, 1, 0),
                relocate().range(process.mm(), address, page(address, 3)));
        assertEquals(held, process.pageAt(page(address, 1)));
        assertTrue(folios.hasFlag(held, FolioFlags.ANON_EXCLUSIVE));
        assertTrue(folios.hasFlag(held, FolioFlags.LRU));
        process.assertRow(address, 3, 1);
        assertEquals(1, mm.vmStat().get(VmStat.Event.PGMIGRATE_FAIL));
        mm.put(held);
    }

    /// What the holder of a reference stores while others are copied is not lost, though he lets go
    /// before the folio moves.
    @Test
    @Tag("T-11.6")
    void storeOfAHolderDuringTheCopyIsNotLost() {
        use(FolioCopyMode.BATCH);
        long address = mapRow(3);
        long held = process.pageAt(page(address, 1));
        folios.get(held);
        boolean[] released = {false};
        copier.afterwards =
                pairs -> {
                    if (!released[0]) {
                        released[0] = true;
                        mm.ram().bytes(held).fill((byte) 77);
                        mm.put(held);
                    }
                };
        assertEquals(moved(3), moveAll(process, address, 3));
        assertEquals(1, process.load(address));
        assertEquals(77, process.load(page(address, 1)));
        assertEquals(1, count(Event.KEPT_OUT));
        assertNotEquals(held, process.pageAt(page(address, 1)));
    }

    @ParameterizedTest
    @EnumSource(FolioCopyMode.class)
    void pinnedPageIsNotEvenUnmapped(FolioCopyMode mode) {
        use(mode);
        long address = mapRow(2);
        long pinned = process.pageAt(address);
        folios.pin(pinned);
        copier.afterwards = pairs -> assertEquals(pinned, process.pageAt(address));
        int[] status = new int[2];
        relocate().addresses(process.mm(), new long[] {address, page(address, 1)}, status);
        assertEquals(-Errno.EAGAIN.number(), status[0]);
        assertEquals(0, status[1]);
        assertEquals(pinned, process.pageAt(address));
        process.assertRow(address, 2, 1);
        mm.unpin(pinned);
    }

    @ParameterizedTest
    @EnumSource(FolioCopyMode.class)
    void lockedFolioIsWaitedForAfterTheOthers(FolioCopyMode mode) {
        use(mode);
        long address = mapRow(3);
        long locked = process.pageAt(page(address, 1));
        assertTrue(folios.tryLock(locked));
        Agent<MigrateFoliosResult> agent =
                Agent.start(() -> relocate().range(process.mm(), address, page(address, 3)));
        agent.awaitWaiting();
        process.assertRow(address, 3, 1);
        folios.unlock(locked);
        assertEquals(moved(3), agent.finish());
        assertNotEquals(locked, process.pageAt(page(address, 1)));
        process.assertRow(address, 3, 1);
    }

    @Test
    void migrationThatMayNotWaitLeavesALockedFolio() {
        long address = mapRow(2);
        long locked = process.pageAt(address);
        assertTrue(folios.tryLock(locked));
        try (IsolatedFolios isolated = new IsolatedFolios(mm)) {
            assertEquals(Errno.OK, isolated.isolate(locked));
            assertEquals(Errno.OK, isolated.isolate(process.pageAt(page(address, 1))));
            assertEquals(Errno.EBUSY, isolated.isolate(locked), "isolated already");
            MigrateFolios migration = new MigrateFolios(mm, FolioDestinations.anywhere(mm), false);
            assertEquals(new MigrateFoliosResult(1, 1, 1, 1, 0), migration.migrate(isolated));
            assertEquals(Errno.EAGAIN, isolated.result(0));
            assertEquals(Errno.OK, isolated.result(1));
        }
        folios.unlock(locked);
        assertEquals(locked, process.pageAt(address));
    }

    @Test
    void whatIsIsolatedAndDoesNotMigrateIsPutBack() {
        long address = process.map(1);
        process.store(address, 1);
        long page = process.pageAt(address);
        try (IsolatedFolios isolated = new IsolatedFolios(mm)) {
            assertEquals(Errno.OK, isolated.isolate(page));
            assertFalse(folios.hasFlag(page, FolioFlags.LRU));
        }
        assertTrue(folios.hasFlag(page, FolioFlags.LRU));
        assertEquals(1, folios.refCount(page));
    }

    @Test
    void folioThatIsFreedMeanwhileDoesNotCount() {
        long address = process.map(1);
        process.store(address, 1);
        try (IsolatedFolios isolated = new IsolatedFolios(mm)) {
            assertEquals(Errno.OK, isolated.isolate(process.pageAt(address)));
            process.unmap(address, 1);
            MigrateFolios migration = new MigrateFolios(mm, FolioDestinations.anywhere(mm), true);
            assertEquals(moved(0), migration.migrate(isolated));
            assertEquals(Errno.OK, isolated.result(0));
        }
    }

    @ParameterizedTest
    @EnumSource(FolioCopyMode.class)
    void pageThatAForkSharesMovesForBothAndStaysShared(FolioCopyMode mode) {
        use(mode);
        long address = mapRow(2);
        TestProcess child = process.fork();
        long from = process.pageAt(address);
        int[] status = new int[1];
        new RelocatePages(mm, FolioDestinations.anywhere(mm), MempolicyFlags.MOVE)
                .addresses(process.mm(), new long[] {address}, status);
        assertEquals(-Errno.EACCES.number(), status[0], "others map it");
        assertEquals(moved(2), moveAll(child, address, 2));
        assertEquals(process.pageAt(address), child.pageAt(address));
        assertNotEquals(from, process.pageAt(address));
        assertFalse(PageTableEntry.isWritable(process.entry(address)));
        child.store(address, 9);
        process.assertRow(address, 2, 1);
        assertEquals(9, child.load(address));
    }

    @ParameterizedTest
    @EnumSource(FolioCopyMode.class)
    void mergedPageMovesForAllItsPlaces(FolioCopyMode mode) {
        use(mode);
        long address = process.map(3);
        for (int i = 0; i < 3; i++) {
            process.store(page(address, i), 7);
        }
        assertEquals(Errno.OK, process.mm().madvise(address, 3 * 4096, Advice.MERGEABLE));
        mm.ksm().scanFullPasses(3);
        long merged = process.pageAt(address);
        assertTrue(folios.hasFlag(merged, FolioFlags.KSM));
        assertEquals(moved(1), moveAll(process, address, 3));
        long now = process.pageAt(address);
        assertNotEquals(merged, now);
        assertEquals(now, process.pageAt(page(address, 2)));
        assertTrue(folios.hasFlag(now, FolioFlags.KSM));
        mm.ksm().scanFullPasses(1);
        assertEquals(1, mm.ksm().statistics().pagesShared());
        process.store(page(address, 1), 8);
        assertEquals(7, process.load(address));
        assertEquals(8, process.load(page(address, 1)));
    }

    @ParameterizedTest
    @EnumSource(FolioCopyMode.class)
    void lockedMemoryMovesAndStaysLocked(FolioCopyMode mode) {
        use(mode);
        long address = mapRow(2);
        assertEquals(Errno.OK, process.mm().mlock(address, 2 * PageSize.PAGE_SIZE));
        int flags = folios.flags(process.pageAt(address));
        assertEquals(moved(2), moveAll(process, address, 2));
        int kept = FolioFlags.MLOCKED | FolioFlags.UNEVICTABLE;
        assertEquals(flags & kept, folios.flags(process.pageAt(address)) & kept);
        process.assertRow(address, 2, 1);
    }

    @ParameterizedTest
    @EnumSource(FolioCopyMode.class)
    void pageOfTheSwapCacheMovesInIt(FolioCopyMode mode) {
        use(mode);
        assertEquals(Errno.OK, mm.swap().swapOn(new SwapMemory(16)));
        long address = process.map(1);
        process.store(address, 5);
        TestProcess child = process.fork();
        assertTrue(mm.reclaim().reclaimPage(process.pageAt(address)));
        assertEquals(5, process.load(address));
        long from = process.pageAt(address);
        assertTrue(folios.hasFlag(from, FolioFlags.SWAPCACHE), "the child's entry names the slot");
        assertEquals(moved(1), moveAll(process, address, 1));
        long to = process.pageAt(address);
        assertNotEquals(from, to);
        assertFalse(folios.hasFlag(from, FolioFlags.SWAPCACHE));
        assertTrue(folios.hasFlag(to, FolioFlags.SWAPCACHE));
        assertEquals(5, child.load(address));
        assertEquals(to, child.pageAt(address), "found in the swap cache");
        process.unmap(address, 1);
        child.unmap(address, 1);
        mm.swap().close();
    }

    @ParameterizedTest
    @EnumSource(FolioCopyMode.class)
    void pageOfSharedMemoryMovesWithItsPlace(FolioCopyMode mode) {
        use(mode);
        long address = process.mapShared(2);
        process.storeRow(address, 2, 1);
        TestProcess child = process.fork();
        child.assertRow(address, 2, 1);
        long from = process.pageAt(address);
        assertEquals(moved(2), moveAll(process, address, 2));
        assertNotEquals(from, process.pageAt(address));
        assertEquals(process.pageAt(address), child.pageAt(address));
        child.store(address, 9);
        assertEquals(9, process.load(address));
        assertEquals(mode == FolioCopyMode.BATCH ? 2 : 0, count(Event.OFFLOADED_PAGES));
    }

    @Test
    void pagesOfAFileOnDiskTakeTheOrdinaryWay(@TempDir Path folder) throws IOException {
        use(FolioCopyMode.BATCH);
        Path path = folder.resolve("data");
        Files.write(path, new byte[2 * PageSize.PAGE_SIZE]);
        try (OpenFile file = mm.files().open(path, true)) {
            long mapped = process.mapFile(file, 0, 2, READ_WRITE | VmFlags.SHARED);
            long anonymous = process.map(1);
            process.storeRow(mapped, 2, 1);
            process.store(anonymous, 3);
            long from = process.pageAt(mapped);
            int[] status = new int[3];
            long[] addresses = {mapped, anonymous, page(mapped, 1)};
            assertEquals(moved(3), relocate().addresses(process.mm(), addresses, status));
            assertEquals(List.of(1), copier.batches);
            assertEquals(2, count(Event.KEPT_OUT));
            assertEquals(2, count(Event.SINGLE_COPIED_PAGES));
            assertNotEquals(from, process.pageAt(mapped));
            assertEquals(process.pageAt(mapped), file.mapping().lookupPage(0));
            process.assertRow(mapped, 2, 1);
            assertEquals(3, process.load(anonymous));
            process.unmap(mapped, 2);
        }
    }

    private void storeHuge(int order) {
        mm.hugePages().setEnabled(PageSize.HPAGE_PMD_ORDER, HugePages.Enabled.NEVER);
        mm.hugePages().setEnabled(order, HugePages.Enabled.MADVISE);
        process.mapHugeAt(HUGE, 1);
        process.storeHuge(HUGE);
    }

    @ParameterizedTest
    @EnumSource(FolioCopyMode.class)
    void largeFoliosMoveWhole(FolioCopyMode mode) {
        use(mode);
        for (int order : new int[] {9, 4}) {
            storeHuge(order);
            long from = process.pageAt(HUGE);
            assertEquals(
                    new MigrateFoliosResult(512, 0, 512 >> order, 0, 0),
                    moveAll(process, HUGE, 512));
            assertNotEquals(from, process.pageAt(HUGE));
            assertEquals(order, folios.order(process.pageAt(HUGE)));
            assertEquals(order == 9, process.isHuge(HUGE));
            process.assertHuge(HUGE);
            process.unmap(HUGE, 512);
        }
    }

    @ParameterizedTest
    @EnumSource(FolioCopyMode.class)
    void largeFolioWithoutADestinationOfItsSizeMovesPageByPage(FolioCopyMode mode) {
        use(mode);
        storeHuge(9);
        RelocatePages small =
                new RelocatePages(
                        mm, (source, order) -> order == 0 ? mm.allocateFolio(0) : Page.NONE, ANY);
        assertEquals(
                new MigrateFoliosResult(512, 0, 512, 0, 1),
                small.range(process.mm(), HUGE, HUGE + PageSize.PMD_SIZE));
        machine.check();
        assertEquals(1, count(Event.SPLIT));
        assertEquals(0, folios.order(process.pageAt(HUGE)));
        process.assertHuge(HUGE);
    }

    @ParameterizedTest
    @EnumSource(FolioCopyMode.class)
    void withoutDestinationsFoliosStay(FolioCopyMode mode) {
        use(mode);
        long address = mapRow(4);
        int[] left = {2};
        int[] status = new int[4];
        long[] addresses = {address, page(address, 1), page(address, 2), page(address, 3)};
        RelocatePages scarce =
                new RelocatePages(
                        mm,
                        (source, order) -> left[0]-- > 0 ? mm.allocateFolio(0) : Page.NONE,
                        ANY);
        scarce.addresses(process.mm(), addresses, status);
        machine.check();
        assertEquals(0, status[1]);
        assertEquals(-Errno.ENOMEM.number(), status[2]);
        assertEquals(-Errno.ENOMEM.number(), status[3]);
        process.assertRow(address, 4, 1);
    }

    @Test
    void brokenPageStays() {
        long address = mapRow(2);
        long broken = process.pageAt(address);
        try (IsolatedFolios isolated = new IsolatedFolios(mm)) {
            assertEquals(Errno.OK, isolated.isolate(process.pageAt(page(address, 1))));
            mm.memoryFailure().fail(broken);
            assertEquals(Errno.EBUSY, isolated.isolate(broken));
            assertEquals(
                    moved(1),
                    new MigrateFolios(mm, FolioDestinations.anywhere(mm), true).migrate(isolated));
        }
        assertEquals(2, process.load(page(address, 1)));
    }

    @Test
    void framesOfARangeAreEmptied() {
        long address = mapRow(16);
        long first = process.pageAt(address);
        int count = 4;
        List<Long> avoided = new ArrayList<>();
        try (IsolatedFolios isolated = new IsolatedFolios(mm)) {
            assertEquals(count, isolated.isolateFrames(first, count));
            FolioDestinations outside =
                    (source, order) -> {
                        long page = mm.allocateFolio(order);
                        assertTrue(page < first || page >= first + count, "in use still");
                        avoided.add(page);
                        return page;
                    };
            assertEquals(moved(count), new MigrateFolios(mm, outside, true).migrate(isolated));
        }
        for (long frame = first; frame < first + count; frame++) {
            assertTrue(mm.ram().isFree(frame));
        }
        assertEquals(count, avoided.size());
        process.assertRow(address, 16, 1);
    }

    @Test
    @Tag("T-11.6")
    void timeIsToldByPhase() {
        use(FolioCopyMode.BATCH);
        long address = mapRow(8);
        long[] now = {0};
        MigrateTimes times = new MigrateTimes(() -> now[0]++);
        copier.afterwards = pairs -> now[0] += 1000;
        relocate().timedBy(times).range(process.mm(), address, page(address, 8));
        assertTrue(times.nanos(FolioPhase.COPY) >= 1000);
        assertTrue(times.nanos(FolioPhase.UNMAP) > 0 && times.nanos(FolioPhase.UNMAP) < 100);
        assertTrue(times.nanos(FolioPhase.MOVE) > 0 && times.nanos(FolioPhase.MOVE) < 100);
        assertEquals(8, times.inaccessibleNanos().length);
        for (long away : times.inaccessibleNanos()) {
            assertTrue(away >= 1000, "away while all are copied");
        }
    }

    /// Threads store and load all the time; no store is lost and no page is ever torn.
    @ParameterizedTest
    @EnumSource(FolioCopyMode.class)
    @Tag("T-11.6")
    void faultsDuringBatchesWaitAndFindTheirPage(FolioCopyMode mode) {
        use(mode);
        int pages = 32;
        long address = mapRow(pages);
        Agent<Integer> writer =
                Agent.start(() -> {
                    TestProcess other = new TestProcess(process.mm());
                    for (int round = 2; round <= 60; round++) {
                        for (int i = 0; i < pages; i++) {
                            assertEquals((byte) (round - 1 + i), other.load(page(address, i)));
                            other.store(page(address, i), round + i);
                        }
                    }
                    return 60;
                });
        long migrated = 0;
        while (!writer.isDone() || migrated == 0) {
            migrated +=
                    relocate().range(process.mm(), address, page(address, pages)).migratedPages();
        }
        int last = writer.finish();
        machine.check();
        process.assertRow(address, pages, last);
    }

    @Test
    void settingsThatMakeNoSenseAreRefused() {
        Class<IllegalArgumentException> refused = IllegalArgumentException.class;
        assertThrows(refused, () -> MigrateOffload.batch().withBatchPages(0));
        assertThrows(refused, () -> MigrateOffload.OFF.withBatchPages(1 << 20));
        assertThrows(
                refused, () -> new MigrateOffload(FolioCopyMode.SINGLE, 1, Optional.of(copier)));
        assertThrows(refused, () -> new RelocatePages(mm, FolioDestinations.anywhere(mm), 1));
    }
}
