package farpage.mm.userfaultfd;

import farpage.mm.Mm;
import farpage.mm.fault.FaultFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFault;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// A fault in a registered range: it becomes a message, and the thread sleeps until it is woken.
///
/// @kernel fs/userfaultfd.c: handle_userfault
public final class HandleUserfault {
    private HandleUserfault() {}

    /// Nothing is there, and the program wants to know. The mmap lock is held for reading and no
    /// inner lock.
    ///
    /// @return SIGBUS if the mmap lock can not be given up; RETRY: it was, and the fault may have
    ///   been handled
    public static FaultResult missing(PageFault fault) {
        return handle(fault, false);
    }

    /// The page is protected from stores; the rest as for [#missing].
    public static FaultResult writeProtected(PageFault fault) {
        return handle(fault, true);
    }

    private static FaultResult handle(PageFault fault, boolean writeProtected) {
        Userfaultfd userfaultfd = fault.vma().userfaultfd();
        assert userfaultfd != null : "a registered VMA without its context";
        if ((fault.flags() & FaultFlags.ALLOW_RETRY) == 0) {
            return FaultResult.SIGBUS;
        }
        Mm mm = fault.mm();
        FaultQueue queue = userfaultfd.queue();
        FaultQueue.Waiter waiter =
                queue.add(new UffdMessage(fault.address(), fault.write(), writeProtected));
        boolean mustWait = mustWait(mm, fault.address(), writeProtected);
        mm.unlockRead();
        if (mustWait) {
            queue.sleep(waiter);
        } else {
            queue.withdraw(waiter);
        }
        return FaultResult.RETRY;
    }

    /// Whether the fault was not handled before its thread was known to wait.
    ///
    /// @kernel fs/userfaultfd.c: userfaultfd_must_wait
    private static boolean mustWait(Mm mm, long address, boolean writeProtected) {
        PageTableLeaf leaf = mm.pageTable().lookupLeaf(address);
        if (leaf == null) {
            return true;
        }
        long entry = leaf.entryAcquire(PageTableLeaf.slot(address));
        if (PageTableEntry.isNone(entry)) {
            return true;
        }
        return writeProtected
                && PageTableEntry.isPresent(entry)
                && !PageTableEntry.isWritable(entry);
    }
}
