package farpage.mm.userfaultfd;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.MremapFlags;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.fault.FaultResult;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupResult;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.Agent;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Missing pages that the program provides itself.
final class UserfaultfdTest {
    private static final int PAGES = 8;
    private static final long BYTES = PageSize.pageAddress(PAGES);

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(PAGES);
    private final Userfaultfd uffd = Userfaultfd.open(process.mm());

    private static MemorySegment pages(int count, int value) {
        byte[] bytes = new byte[count * PageSize.PAGE_SIZE];
        Arrays.fill(bytes, (byte) value);
        return MemorySegment.ofArray(bytes);
    }

    private void register() {
        assertEquals(Errno.OK, uffd.register(address, BYTES, UffdModes.REGISTER_MISSING));
    }

    private static UffdResult filled(int pageCount) {
        return new UffdResult(Errno.OK, PageSize.pageAddress(pageCount));
    }

    private UffdResult copy(int firstPage, int pageCount, int value) {
        return uffd.copy(
                page(address, firstPage),
                pages(pageCount, value),
                PageSize.pageAddress(pageCount),
                0);
    }

    private Agent<Integer> startLoad(long at) {
        TestProcess other = new TestProcess(process.mm());
        Agent<Integer> agent = Agent.start(() -> other.load(at));
        agent.awaitWaiting();
        return agent;
    }

    private UffdMessage nextMessage() {
        Optional<UffdMessage> message = uffd.tryRead();
        assertTrue(message.isPresent(), "nobody asks");
        return message.get();
    }

    // Faults.

    @Test
    void loadOfAMissingPageWaitsUntilItIsFilled() {
        register();
        Agent<Integer> load = startLoad(page(address, 2));
        assertEquals(new UffdMessage(page(address, 2), false, false), nextMessage());
        assertEquals(filled(1), copy(2, 1, 7));
        assertEquals(7, load.finish());
        assertEquals(Optional.empty(), uffd.tryRead());
        assertEquals(0, uffd.waitingCount());
    }

    @Test
    void storeToAMissingPageFindsThePageThatWasFilled() {
        register();
        TestProcess other = new TestProcess(process.mm());
        Agent<FaultResult> store = Agent.start(() -> other.tryStore(address, 9));
        store.awaitWaiting();
        assertEquals(new UffdMessage(address, true, false), nextMessage());
        assertEquals(filled(1), copy(0, 1, 7));
        assertEquals(FaultResult.HANDLED, store.finish());
        assertEquals(9, process.load(address));
    }

    @Test
    void faultIsHandledBeforeItsMessageIsRead() {
        register();
        Agent<Integer> load = startLoad(address);
        assertEquals(filled(PAGES), copy(0, PAGES, 7));
        assertEquals(7, load.finish());
        assertEquals(Optional.empty(), uffd.tryRead());
    }

    @Test
    void zeroPageIsReadAsZerosAndItsFirstStoreAsksNobody() {
        register();
        assertEquals(filled(2), uffd.zeroPage(address, 2 * PageSize.PAGE_SIZE, 0));
        assertEquals(0, process.load(address));
        process.store(address, 3);
        assertEquals(3, process.load(address));
    }

    @Test
    void pageThatWasThereBeforeAsksNobody() {
        process.store(address, 5);
        register();
        assertEquals(5, process.load(address));
    }

    @Test
    void pageThatWasGivenUpIsMissedAgain() {
        register();
        assertEquals(filled(1), copy(0, 1, 7));
        assertEquals(Errno.OK, process.mm().madvise(address, BYTES, Advice.DONTNEED));
        Agent<Integer> load = startLoad(address);
        assertEquals(filled(1), copy(0, 1, 8));
        assertEquals(8, load.finish());
    }

    @Test
    void faultThatIsWokenWithoutAPageAsksAgain() {
        register();
        Agent<Integer> load = startLoad(address);
        nextMessage();
        assertEquals(Errno.OK, uffd.wake(address, PageSize.PAGE_SIZE));
        assertEquals(address, uffd.read().orElseThrow().address());
        assertEquals(filled(1), copy(0, 1, 7));
        assertEquals(7, load.finish());
    }

    @Test
    void pageThatIsFilledWithoutWakingIsWaitedForUntilTheWakeUp() {
        register();
        Agent<Integer> load = startLoad(address);
        assertEquals(
                filled(1), uffd.copy(address, pages(1, 7), PageSize.PAGE_SIZE, UffdModes.DONTWAKE));
        assertEquals(1, uffd.waitingCount());
        assertEquals(Errno.OK, uffd.wake(address, BYTES));
        assertEquals(7, load.finish());
    }

    @Test
    void populatingAsksForEachPage() {
        register();
        Agent<Errno> populate =
                Agent.start(() -> process.mm().madvise(address, BYTES, Advice.POPULATE_READ));
        for (int i = 0; i < PAGES; i++) {
            assertEquals(page(address, i), uffd.read().orElseThrow().address());
            assertEquals(filled(1), copy(i, 1, i));
        }
        assertEquals(Errno.OK, populate.finish());
    }

    @Test
    void whoeverCanNotWaitGetsAnError() {
        register();
        long[] got = new long[1];
        GupResult locked =
                process.withVma(address, vma -> GetUserPages.get(process.mm(), address, 1, 0, got));
        assertEquals(new GupResult(Errno.EFAULT, 0), locked);
        Agent<GupResult> unlocked =
                Agent.start(() -> GetUserPages.getUnlocked(process.mm(), address, 1, 0, got));
        unlocked.awaitWaiting();
        assertEquals(filled(1), copy(0, 1, 7));
        assertEquals(new GupResult(Errno.OK, 1), unlocked.finish());
        machine.machine().put(got[0]);
    }

    @Test
    @Tag("T-2.26")
    void holeAndZeroPageAreNotFilledByAMigration() {
        register();
        assertEquals(filled(1), uffd.zeroPage(address, PageSize.PAGE_SIZE, 0));
        assertEquals(filled(1), copy(1, 1, 7));
        assertEquals(1, device.pull(process, address, 3));
        assertEquals(Shape.PRESENT, process.shape(address));
        assertTrue(device.holds(process, page(address, 1)));
        assertEquals(Shape.NONE, process.shape(page(address, 2)));
        assertEquals(7, process.load(page(address, 1)));
    }

    // Ranges.

    @Test
    void registeredPartBecomesAVmaOfItsOwnUntilItIsLetGo() {
        int before = process.vmaCount();
        long middle = page(address, 2);
        long bytes = 2 * PageSize.PAGE_SIZE;
        assertEquals(Errno.OK, uffd.register(middle, bytes, UffdModes.REGISTER_MISSING));
        assertEquals(before + 2, process.vmaCount());
        assertEquals(0, process.load(address));
        assertEquals(Errno.OK, uffd.unregister(address, BYTES));
        assertEquals(before, process.vmaCount());
        assertEquals(0, process.load(middle));
    }

    @Test
    void neighboursOfTwoContextsAreNotJoined() {
        int before = process.vmaCount();
        try (Userfaultfd second = Userfaultfd.open(process.mm())) {
            long half = BYTES / 2;
            assertEquals(Errno.OK, uffd.register(address, half, UffdModes.REGISTER_MISSING));
            assertEquals(
                    Errno.OK, second.register(address + half, half, UffdModes.REGISTER_MISSING));
            assertEquals(before + 1, process.vmaCount());
            machine.check();
            assertEquals(Errno.EBUSY, second.register(address, BYTES, UffdModes.REGISTER_MISSING));
            assertEquals(Errno.EINVAL, second.unregister(address, BYTES));
        }
        assertEquals(before + 1, process.vmaCount());
        assertEquals(0, process.load(page(address, PAGES - 1)));
    }

    @Test
    void rangesThatCanNotBeRegisteredAreRefused() {
        int missing = UffdModes.REGISTER_MISSING;
        assertEquals(Errno.EINVAL, uffd.register(address, BYTES, 0));
        assertEquals(Errno.EINVAL, uffd.register(address, BYTES, 8));
        assertEquals(Errno.EINVAL, uffd.register(address + 1, BYTES, missing));
        assertEquals(Errno.EINVAL, uffd.register(address, 1, missing));
        assertEquals(Errno.EINVAL, uffd.register(address, 0, missing));
        assertEquals(Errno.EINVAL, uffd.register(0, BYTES, missing));
        assertEquals(Errno.EINVAL, uffd.register(0x4000_0000, BYTES, missing), "nothing there");
        long shared = process.mapShared(1);
        assertEquals(Errno.EINVAL, uffd.register(shared, PageSize.PAGE_SIZE, missing));
        assertEquals(Errno.EINVAL, uffd.unregister(0x4000_0000, BYTES));
    }

    @Test
    void holesBetweenMappingsArePassedOver() {
        process.unmap(page(address, 3), 2);
        register();
        assertSame(uffd, process.withVma(page(address, 5), Vma::userfaultfd));
        assertSame(uffd, process.withVma(address, Vma::userfaultfd));
    }

    @Test
    void unregisteringWakesWhoWaits() {
        register();
        Agent<Integer> load = startLoad(address);
        assertEquals(Errno.OK, uffd.unregister(address, BYTES));
        assertEquals(0, load.finish());
    }

    @Test
    void closingWakesFaultsAndReaders() {
        register();
        Agent<Integer> load = startLoad(address);
        nextMessage();
        Agent<Optional<UffdMessage>> reader = Agent.start(uffd::read);
        reader.awaitWaiting();
        uffd.close();
        assertEquals(0, load.finish());
        assertEquals(Optional.empty(), reader.finish());
        assertEquals(0, process.load(page(address, 1)));
    }

    @Test
    void faultOfAProcessThatExitsEnds() {
        register();
        TestProcess other = new TestProcess(process.mm());
        Agent<FaultResult> load = Agent.start(() -> other.tryLoad(address));
        load.awaitWaiting();
        process.mm().exit();
        assertEquals(FaultResult.SIGSEGV, load.finish());
        assertEquals(new UffdResult(Errno.ESRCH, 0), copy(0, 1, 7));
        assertEquals(Errno.ENOMEM, uffd.register(address, BYTES, UffdModes.REGISTER_MISSING));
        assertEquals(Errno.ENOMEM, uffd.unregister(address, BYTES));
    }

    @Test
    void childIsNotRegistered() {
        register();
        TestProcess child = process.fork();
        assertEquals(0, child.load(address));
        assertEquals(Shape.NONE, process.shape(address));
    }

    @Test
    void mappingThatMovesIsNoLongerRegistered() {
        register();
        assertEquals(filled(1), copy(0, 1, 7));
        long target = address - 16 * BYTES;
        int flags = MremapFlags.MAYMOVE | MremapFlags.FIXED | MremapFlags.DONTUNMAP;
        assertTrue(process.mm().mremap(address, BYTES, BYTES, flags, target).isOk());
        assertEquals(7, process.load(target));
        assertEquals(0, process.load(page(target, 1)));
        Agent<Integer> old = startLoad(address);
        assertEquals(filled(1), copy(0, 1, 8));
        assertEquals(8, old.finish());
    }

    @Test
    void registeredMappingMovesOnlyAlone() {
        long half = BYTES / 2;
        assertEquals(Errno.OK, uffd.register(address, half, UffdModes.REGISTER_MISSING));
        int flags = MremapFlags.MAYMOVE | MremapFlags.FIXED;
        long target = address - 16 * BYTES;
        assertEquals(
                Errno.EFAULT, process.mm().mremap(address, BYTES, BYTES, flags, target).errno());
        assertTrue(process.mm().mremap(address, half, half, flags, target).isOk());
    }

    // Filling.

    @Test
    void pagesAreFilledOnlyWhereNothingIs() {
        register();
        assertEquals(filled(1), copy(2, 1, 7));
        assertEquals(new UffdResult(Errno.EEXIST, 0), copy(2, 1, 8));
        assertEquals(
                new UffdResult(Errno.EAGAIN, 2 * PageSize.PAGE_SIZE),
                copy(0, 4, 8),
                "up to the page that is there");
        assertEquals(
                new UffdResult(Errno.EEXIST, 0), uffd.zeroPage(address, PageSize.PAGE_SIZE, 0));
        assertEquals(7, process.load(page(address, 2)));
    }

    @Test
    void pagesAreFilledOnlyWithinOneRegisteredMapping() {
        long half = BYTES / 2;
        assertEquals(Errno.OK, uffd.register(address, half, UffdModes.REGISTER_MISSING));
        assertEquals(new UffdResult(Errno.ENOENT, 0), copy(0, PAGES, 7));
        assertEquals(new UffdResult(Errno.ENOENT, 0), copy(PAGES - 1, 1, 7));
        assertEquals(Shape.NONE, process.shape(address));
    }

    @Test
    void sourceThatEndsTooEarlyIsABadAddress() {
        register();
        assertEquals(
                new UffdResult(Errno.EAGAIN, PageSize.PAGE_SIZE),
                uffd.copy(address, pages(1, 7), 2 * PageSize.PAGE_SIZE, 0));
        assertEquals(
                new UffdResult(Errno.EFAULT, 0),
                uffd.copy(page(address, 1), pages(0, 7), PageSize.PAGE_SIZE, 0));
    }

    @Test
    void illegalRequestsAreInvalid() {
        register();
        UffdResult invalid = new UffdResult(Errno.EINVAL, 0);
        assertEquals(invalid, uffd.copy(address, pages(1, 7), PageSize.PAGE_SIZE, 4));
        assertEquals(invalid, uffd.copy(address, pages(1, 7), 0, 0));
        assertEquals(
                invalid,
                uffd.copy(address, pages(1, 7), PageSize.PAGE_SIZE, UffdModes.COPY_WP),
                "not registered for that");
        assertEquals(invalid, uffd.zeroPage(address, PageSize.PAGE_SIZE, 2));
        assertEquals(Errno.EINVAL, uffd.wake(address, 0));
        assertEquals(Errno.EINVAL, uffd.writeProtect(address, BYTES, 3));
        assertEquals(Errno.ENOENT, uffd.writeProtect(address, BYTES, UffdModes.WRITEPROTECT_WP));
    }

    @Test
    void pageIsFilledWhereTheProcessMayNotAccessItYet() {
        process.protect(address, PAGES, 0);
        register();
        assertEquals(filled(1), copy(0, 1, 7));
        assertEquals(filled(1), uffd.zeroPage(page(address, 1), PageSize.PAGE_SIZE, 0));
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(address));
        machine.check();
        process.protect(address, PAGES, VmFlags.READ);
        assertEquals(7, process.load(address));
        assertEquals(0, process.load(page(address, 1)));
    }
}
