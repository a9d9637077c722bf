package farpage.mm.hmm;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.exclusive.DeviceExclusive;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.swap.SwapMemory;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import farpage.mm.userfaultfd.UffdModes;
import farpage.mm.userfaultfd.Userfaultfd;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// The rarer kinds of entry: what they give without a fault, and with one.
final class HmmEntryKindsTest {
    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(2);
    private final long[] words = new long[1];

    private Errno ask(long flags) {
        words[0] = 0;
        try (EventLog mirror = new EventLog(process.mm())) {
            HmmRange range =
                    new HmmRange(
                            process.mm(),
                            mirror.notifier(),
                            0,
                            address,
                            page(address, 1),
                            words,
                            flags,
                            0,
                            this);
            return HmmRangeFault.fillUnlocked(range, 0, () -> 0).errno();
        }
    }

    private void assertGivesNothing() {
        assertEquals(Errno.OK, ask(0));
        assertEquals(0, words[0]);
    }

    private void assertFaultGivesThePage() {
        assertEquals(Errno.OK, ask(HmmPfn.REQ_FAULT));
        assertEquals(HmmPfn.of(process.pageAt(address), true, 0), words[0]);
    }

    private void assertFaultFails() {
        assertEquals(Errno.EFAULT, ask(HmmPfn.REQ_FAULT));
        assertEquals(Errno.EFAULT, ask(HmmPfn.REQ_FAULT | HmmPfn.REQ_WRITE));
    }

    @Test
    @Tag("T-4.1")
    void pageInSwapIsNothingAndComesBackByAFault() {
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(16)));
        process.store(address, 7);
        assertEquals(Errno.OK, process.mm().madvise(address, PageSize.PAGE_SIZE, Advice.PAGEOUT));
        assertEquals(Shape.SWAP, process.shape(address));
        assertGivesNothing();
        assertEquals(Shape.SWAP, process.shape(address));
        assertFaultGivesThePage();
        assertEquals(7, process.load(address));
    }

    @Test
    @Tag("T-4.1")
    void pageThatADeviceHasToItselfIsNothingAndIsTakenBackByAFault() {
        process.store(address, 7);
        DeviceExclusive.Answer answer =
                process.withVma(address, vma -> DeviceExclusive.make(process.mm(), address, this));
        DeviceExclusive.release(
                machine.machine(),
                assertInstanceOf(DeviceExclusive.Answer.Taken.class, answer).page());
        assertGivesNothing();
        assertEquals(Shape.DEVICE_EXCLUSIVE, process.shape(address));
        assertFaultGivesThePage();
    }

    @Test
    @Tag("T-4.1")
    void guardIsNothingAndCanNotBeFaulted() {
        long size = PageSize.PAGE_SIZE;
        assertEquals(Errno.OK, process.mm().madvise(address, size, Advice.GUARD_INSTALL));
        assertGivesNothing();
        assertFaultFails();
    }

    @Test
    @Tag("T-4.1")
    void poisonedPlaceIsNothingAndCanNotBeFaulted() {
        try (Userfaultfd uffd = Userfaultfd.open(process.mm())) {
            long size = PageSize.PAGE_SIZE;
            assertEquals(Errno.OK, uffd.register(address, size, UffdModes.REGISTER_MISSING));
            assertEquals(Errno.OK, uffd.poison(address, size, 0).errno());
        }
        assertGivesNothing();
        assertFaultFails();
    }

    @Test
    @Tag("T-4.1")
    void mappingOfNoOrdinaryPageIsAnError() {
        process.setEntry(address, PageTableEntry.ofSpecial(77));
        assertEquals(Errno.OK, ask(0));
        assertTrue(HmmPfn.isError(words[0]));
        assertFaultFails();
        process.setEntry(address, PageTableEntry.NONE);
    }
}
