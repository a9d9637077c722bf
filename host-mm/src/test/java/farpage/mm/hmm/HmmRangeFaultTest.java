package farpage.mm.hmm;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.VmStat;
import farpage.mm.fault.FaultResult;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.Agent;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import farpage.mm.userfaultfd.UffdModes;
import farpage.mm.userfaultfd.Userfaultfd;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// What each kind of entry gives a driver, and what it takes to have it faulted in.
final class HmmRangeFaultTest {
    private static final long FAULT = HmmPfn.REQ_FAULT;
    private static final long WRITE = HmmPfn.REQ_FAULT | HmmPfn.REQ_WRITE;

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestDevice other = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(8);
    private final EventLog mirror = new EventLog(process.mm());
    private long[] words = new long[8];

    private Errno fill(long start, int pageCount, long defaultFlags, long mask) {
        return fill(start, pageCount, defaultFlags, mask, mirror.notifier().readBegin());
    }

    private Errno fill(long start, int pageCount, long flags, long mask, long sequence) {
        process.mm().lockRead();
        try {
            return HmmRangeFault.fill(
                    new HmmRange(
                            process.mm(),
                            mirror.notifier(),
                            sequence,
                            start,
                            page(start, pageCount),
                            words,
                            flags,
                            mask,
                            device));
        } finally {
            process.mm().unlockRead();
        }
    }

    private Errno snapshot(long start, int pageCount) {
        Arrays.fill(words, 0);
        return fill(start, pageCount, 0, 0);
    }

    private Errno request(long start, int pageCount, long flags) {
        Arrays.fill(words, 0);
        return fill(start, pageCount, flags, 0);
    }

    /// Until the range holds still, as a driver does.
    private Errno requestUntilStable(long start, int pageCount, long flags) {
        Errno errno = request(start, pageCount, flags);
        for (int attempt = 0; attempt < 10 && errno == Errno.EBUSY; attempt++) {
            errno = request(start, pageCount, flags);
        }
        return errno;
    }

    private static long word(long page, boolean writable) {
        return HmmPfn.of(page, writable, 0);
    }

    // Arguments.

    @Test
    void rangesThatAreNoneAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> snapshot(address + 1, 1));
        assertThrows(IllegalArgumentException.class, () -> snapshot(address, 0));
        assertThrows(IllegalArgumentException.class, () -> snapshot(address, 9));
    }

    // Snapshots: what each entry gives.

    @Test
    @Tag("T-4.1")
    void placesWithoutAVmaAreErrors() {
        long outside = page(address, -4);
        assertEquals(Errno.OK, snapshot(outside, 8));
        for (int i = 0; i < 4; i++) {
            assertTrue(HmmPfn.isError(words[i]));
            assertEquals(0, words[4 + i]);
        }
        assertEquals(Errno.EFAULT, request(outside, 8, FAULT));
    }

    @Test
    void hugeHoleBehindTheLastVmaIsAnError() {
        process.unmap(address, 8);
        assertEquals(Errno.OK, snapshot(0x1000_0000L, 8));
        assertTrue(HmmPfn.isError(words[7]));
    }

    @Test
    @Tag("T-4.4")
    void holeBetweenTwoVmasIsAnErrorAndFaultsFail() {
        process.storeRow(address, 8, 1);
        process.unmap(page(address, 3), 2);
        assertEquals(Errno.OK, snapshot(address, 8));
        for (int i = 0; i < 8; i++) {
            assertEquals(i == 3 || i == 4, HmmPfn.isError(words[i]), "page " + i);
            assertEquals(i != 3 && i != 4, HmmPfn.isValid(words[i]), "page " + i);
        }
        assertEquals(Errno.EFAULT, request(address, 8, FAULT));
    }

    @Test
    @Tag("T-4.1")
    void unreadableVmaIsAnErrorAndFaultsFail() {
        process.store(address, 1);
        process.protect(address, 8, 0);
        assertEquals(Errno.OK, snapshot(address, 1));
        assertTrue(HmmPfn.isError(words[0]));
        assertEquals(Errno.EFAULT, request(address, 1, FAULT));
    }

    @Test
    @Tag("T-4.1")
    void emptyEntryGivesNothing() {
        assertEquals(Errno.OK, snapshot(address, 8));
        assertArrayEquals(new long[8], words);
        assertEquals(0, machine.machine().vmStat().get(VmStat.Event.PGFAULT));
        assertEquals(Shape.NONE, process.shape(address));
    }

    @Test
    @Tag("T-4.1")
    void presentEntryGivesItsPageAndWritability() {
        process.storeRow(address, 2, 1);
        process.protect(page(address, 1), 1, VmFlags.READ);
        assertEquals(Errno.OK, snapshot(address, 2));
        assertEquals(word(process.pageAt(address), true), words[0]);
        assertEquals(word(process.pageAt(page(address, 1)), false), words[1]);
    }

    @Test
    @Tag("T-4.1")
    void zeroPageIsValidAndReadOnly() {
        process.load(address);
        assertEquals(Errno.OK, snapshot(address, 1));
        assertEquals(word(machine.machine().zeroPage(), false), words[0]);
    }

    @Test
    @Tag("T-4.1")
    void ownDevicePageIsAnsweredAsItIs() {
        process.storeRow(address, 2, 1);
        device.pull(process, address, 2);
        process.protect(page(address, 1), 1, VmFlags.READ);
        assertEquals(Errno.OK, snapshot(address, 2));
        assertEquals(word(process.pageAt(address), true), words[0]);
        assertEquals(word(process.pageAt(page(address, 1)), false), words[1]);
    }

    @Test
    @Tag("T-4.1")
    void foreignDevicePageGivesNothing() {
        process.store(address, 1);
        other.pull(process, address, 1);
        assertEquals(Errno.OK, snapshot(address, 1));
        assertEquals(0, words[0]);
        assertTrue(other.holds(process, address));
    }

    @Test
    @Tag("T-4.1")
    void migrationEntryGivesNothing() {
        process.store(address, 1);
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(1), vma, address, 1);
                    long sequence = mirror.notifier().readBegin();
                    HmmRange range =
                            new HmmRange(
                                    process.mm(),
                                    mirror.notifier(),
                                    sequence,
                                    address,
                                    page(address, 1),
                                    words,
                                    0,
                                    0,
                                    device);
                    assertEquals(Errno.OK, HmmRangeFault.fill(range));
                    assertEquals(0, words[0]);
                    return TestDevice.complete(migrate);
                });
    }

    // Faults.

    @Test
    void readRequestMapsTheZeroPage() {
        assertEquals(Errno.OK, request(address, 3, FAULT));
        assertEquals(word(machine.machine().zeroPage(), false), words[2]);
        assertEquals(0, words[3]);
    }

    @Test
    void writeRequestMapsPagesOfTheirOwn() {
        assertEquals(Errno.OK, request(address, 3, WRITE));
        for (int i = 0; i < 3; i++) {
            assertEquals(word(process.pageAt(page(address, i)), true), words[i]);
        }
        assertEquals(3, process.mm().anonymousPageCount());
    }

    @Test
    void requestsSpanPageTables() {
        long start = 0x40000000L - PageSize.pageAddress(3);
        process.mapAt(start, 6);
        process.store(page(start, 5), 6);
        assertEquals(Errno.OK, request(start, 6, WRITE));
        for (int i = 0; i < 6; i++) {
            assertTrue(HmmPfn.isWritable(words[i]));
        }
        assertEquals(6, process.load(page(start, 5)));
    }

    @Test
    void writeRequestForTheZeroPageCopiesAndMustBeRepeated() {
        process.load(address);
        assertEquals(Errno.EBUSY, request(address, 1, WRITE), "the copy told the mirror");
        assertEquals(Errno.OK, request(address, 1, WRITE));
        assertTrue(HmmPfn.isWritable(words[0]));
    }

    @Test
    void writeRequestForASharedPageCopiesIt() {
        process.store(address, 1);
        TestProcess child = process.fork();
        assertEquals(Errno.OK, requestUntilStable(address, 1, WRITE));
        assertTrue(HmmPfn.isWritable(words[0]));
        assertTrue(process.pageAt(address) != child.pageAt(address));
        assertEquals(1, child.load(address));
    }

    @Test
    void readRequestForASharedPageLeavesItShared() {
        process.store(address, 1);
        TestProcess child = process.fork();
        assertEquals(Errno.OK, request(address, 1, FAULT));
        assertEquals(word(child.pageAt(address), false), words[0]);
    }

    @Test
    @Tag("T-4.3")
    void writeToAReadOnlyVmaIsNotPermittedEvenIfThePageIsThere() {
        process.store(address, 1);
        process.protect(address, 8, VmFlags.READ);
        assertEquals(Errno.EPERM, request(address, 1, WRITE));
        assertEquals(Errno.EPERM, request(page(address, 1), 1, WRITE));
        assertEquals(Errno.OK, request(address, 1, FAULT));
    }

    @Test
    void writeToAReadOnlyVmaIsFineWhereNoFaultIsNeeded() {
        process.store(address, 1);
        device.pull(process, address, 1);
        process.protect(address, 8, VmFlags.READ);
        assertEquals(Errno.OK, request(address, 1, WRITE), "the caller's own device page");
    }

    @Test
    void ownDevicePageIsNeverFaulted() {
        process.store(address, 1);
        device.pull(process, address, 1);
        assertEquals(Errno.OK, request(address, 1, WRITE));
        assertEquals(word(process.pageAt(address), true), words[0]);
        assertEquals(0, device.ramCalls());
    }

    @Test
    @Tag("T-4.9")
    void writeToOnesOwnReadTypePageIsValidWithoutWrite() {
        process.store(address, 1);
        device.pull(process, address, 1);
        process.protect(address, 8, TestProcess.READ_WRITE | VmFlags.EXEC);
        assertEquals(Errno.OK, request(address, 1, WRITE));
        assertTrue(HmmPfn.isValid(words[0]));
        assertFalse(HmmPfn.isWritable(words[0]));
        assertTrue(device.holds(process, address));
    }

    @Test
    @Tag("T-4.1")
    void foreignDevicePageComesToSystemMemory() {
        process.store(address, 7);
        other.pull(process, address, 1);
        assertEquals(Errno.EBUSY, request(address, 1, FAULT), "its migration told the mirror");
        assertEquals(Errno.OK, request(address, 1, FAULT));
        assertEquals(word(process.pageAt(address), true), words[0]);
        assertEquals(1, other.ramCalls());
        assertEquals(7, process.load(address));
    }

    @Test
    void faultThatFailsIsAnEfault() {
        process.store(address, 7);
        other.pull(process, address, 1);
        other.refuse(FaultResult.SIGBUS, 1);
        assertEquals(Errno.EFAULT, request(address, 1, FAULT));
        assertEquals(7, process.load(address));
    }

    @Test
    @Tag("T-4.1")
    void requestSleepsForAMigrationAndThenBeginsAgain() {
        process.store(address, 7);
        Agent<Errno> request =
                process.withVma(
                        address,
                        vma -> {
                            MigrateVma migrate =
                                    TestDevice.setup(other.toDevice(1), vma, address, 1);
                            Agent<Errno> waiting = Agent.start(() -> request(address, 1, FAULT));
                            waiting.awaitWaiting();
                            TestDevice.complete(migrate);
                            return waiting;
                        });
        assertEquals(Errno.OK, request.finish());
        assertEquals(word(process.pageAt(address), true), words[0]);
    }

    // Requests for single pages.

    @Test
    @Tag("T-4.2")
    void pagesBeforeTheOneThatAsksAreNotFaulted() {
        process.store(process.map(1), 1); // the page table is there
        words[7] = FAULT;
        assertEquals(Errno.OK, fill(address, 8, 0, -1));
        for (int i = 0; i < 7; i++) {
            assertEquals(0, words[i]);
            assertEquals(Shape.NONE, process.shape(page(address, i)));
        }
        assertEquals(word(machine.machine().zeroPage(), false), words[7]);
    }

    /// Where there is not even a page table, the walk sees one hole, and faults all of it.
    @Test
    void holeWithoutAPageTableIsFaultedAsAWhole() {
        words[7] = FAULT;
        assertEquals(Errno.OK, fill(address, 8, 0, -1));
        for (int i = 0; i < 8; i++) {
            assertEquals(word(machine.machine().zeroPage(), false), words[i]);
        }
    }

    @Test
    @Tag("T-4.2")
    void maskHidesWhatTheWordsAskFor() {
        Arrays.fill(words, WRITE);
        assertEquals(Errno.OK, fill(address, 8, 0, 0));
        assertArrayEquals(new long[8], words);
        Arrays.fill(words, WRITE);
        assertEquals(Errno.OK, fill(address, 8, 0, FAULT));
        assertFalse(HmmPfn.isWritable(words[0]), "the request to write was masked");
        assertTrue(HmmPfn.isValid(words[0]));
    }

    @Test
    void writeRequestWithoutAFaultRequestAsksForNothing() {
        assertEquals(Errno.OK, request(address, 1, HmmPfn.REQ_WRITE));
        assertEquals(0, words[0]);
    }

    /// One page that needs a fault has every page after it handled too, to the end of the walk
    /// step.
    @Test
    void pagesBehindTheFirstThatNeedsAFaultAreHandledToo() {
        process.store(page(address, 7), 1);
        words[2] = WRITE;
        assertEquals(Errno.OK, fill(address, 8, 0, -1));
        for (int i = 0; i < 8; i++) {
            Shape expected = i < 2 ? Shape.NONE : Shape.PRESENT;
            assertEquals(expected, process.shape(page(address, i)), "page " + i);
            assertEquals(i >= 2, HmmPfn.isValid(words[i]));
        }
    }

    @Test
    void ownDevicePageBehindAFaultIsHandledAndSoComesBack() {
        process.store(page(address, 3), 5);
        device.pull(process, page(address, 3), 1);
        assertEquals(Errno.OK, requestUntilStable(address, 4, FAULT));
        assertEquals(1, device.ramCalls());
        assertEquals(word(process.pageAt(page(address, 3)), true), words[3]);
    }

    // The variant that takes the mmap lock itself.

    private HmmRange wholeRange(long flags) {
        return new HmmRange(
                process.mm(),
                mirror.notifier(),
                0,
                address,
                page(address, 8),
                words,
                flags,
                0,
                device);
    }

    @Test
    void onlyTheUnlockedVariantWaitsForAUserfaultHandler() {
        try (Userfaultfd uffd = Userfaultfd.open(process.mm())) {
            long bytes = PageSize.pageAddress(8);
            assertEquals(Errno.OK, uffd.register(address, bytes, UffdModes.REGISTER_MISSING));
            assertEquals(Errno.EFAULT, request(address, 8, FAULT));
            Arrays.fill(words, 0);
            Agent<HmmFill> request =
                    Agent.start(() -> HmmRangeFault.fillUnlocked(wholeRange(FAULT), 1, () -> 0));
            MemorySegment content = MemorySegment.ofArray(new byte[PageSize.PAGE_SIZE]);
            for (int i = 0; i < 8; i++) {
                long missing = uffd.read().orElseThrow().address();
                assertEquals(page(address, i), missing);
                assertEquals(Errno.OK, uffd.copy(missing, content, PageSize.PAGE_SIZE, 0).errno());
            }
            HmmFill fill = request.finish();
            assertEquals(Errno.OK, fill.errno());
            assertFalse(mirror.notifier().readRetry(fill.notifierSequence()));
            assertEquals(word(process.pageAt(page(address, 7)), true), words[7]);
        }
    }

    @Test
    void unlockedVariantBeginsAgainByItselfUntilTheTimeIsUp() {
        process.store(address, 7);
        other.pull(process, address, 1);
        long[] times = {0, 0, 2};
        AtomicInteger reads = new AtomicInteger();
        HmmFill late =
                HmmRangeFault.fillUnlocked(
                        wholeRange(FAULT), 1, () -> times[reads.getAndIncrement()]);
        assertEquals(Errno.EBUSY, late.errno(), "the page's return is a change of the range");
        other.pull(process, address, 1);
        HmmFill fill = HmmRangeFault.fillUnlocked(wholeRange(FAULT), 1, () -> 0);
        assertEquals(Errno.OK, fill.errno());
        assertEquals(word(process.pageAt(address), true), words[0]);
    }

    @Test
    void unlockedVariantGivesTheSameErrors() {
        process.protect(address, 8, VmFlags.READ);
        assertEquals(
                Errno.EPERM, HmmRangeFault.fillUnlocked(wholeRange(WRITE), 0, () -> 0).errno());
        process.unmap(address, 1);
        assertEquals(
                Errno.EFAULT, HmmRangeFault.fillUnlocked(wholeRange(FAULT), 0, () -> 0).errno());
    }

    // The sequence.

    @Test
    @Tag("T-4.6")
    void staleSequenceIsRefusedBeforeAnythingIsTouched() {
        long sequence = mirror.notifier().readBegin();
        process.protect(address, 1, VmFlags.READ);
        Arrays.fill(words, 0);
        assertEquals(Errno.EBUSY, fill(address, 8, FAULT, 0, sequence));
        assertArrayEquals(new long[8], words);
        assertEquals(0, machine.machine().vmStat().get(VmStat.Event.PGFAULT));
    }

    @Test
    void firstTouchDoesNotMakeTheSequenceStale() {
        long sequence = mirror.notifier().readBegin();
        assertEquals(Errno.OK, fill(address, 8, WRITE, 0, sequence));
        assertFalse(mirror.notifier().readRetry(sequence));
    }

    @Test
    @Tag("T-4.7")
    void stickyBitsSurviveSnapshotsFaultsAndErrors() {
        long sticky = 5L << 58;
        Arrays.fill(words, sticky);
        assertEquals(Errno.OK, fill(page(address, -1), 2, 0, 0));
        assertEquals(sticky | HmmPfn.ERROR, words[0]);
        assertEquals(sticky, words[1]);
        assertEquals(Errno.OK, fill(address, 1, WRITE, 0));
        assertEquals(sticky | word(process.pageAt(address), true), words[0]);
        assertEquals(Errno.OK, fill(address, 1, 0, 0));
        assertEquals(sticky | word(process.pageAt(address), true), words[0]);
    }

    @Test
    void ordersAreThoseOfTheMapping() {
        assertEquals(Errno.OK, request(address, 1, WRITE));
        assertEquals(0, HmmPfn.order(words[0]));
        assertTrue(PageTableEntry.isWritable(process.entry(address)));
    }
}
