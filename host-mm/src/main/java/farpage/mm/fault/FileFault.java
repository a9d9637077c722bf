package farpage.mm.fault;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.RssCounter;
import farpage.mm.Vma;
import farpage.mm.file.ErrPage;
import farpage.mm.file.FileMapping;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;

/// The first access to a page of a mapping of a file: a load maps the file's page, and those around
/// it that are in RAM; a store to a shared mapping maps it for writing; a store to a private one
/// maps a copy.
///
/// The page stays locked until its entry is in place, so that a truncation that comes at the same
/// time finds either no page or a mapped one.
///
/// @kernel mm/memory.c: do_fault, do_read_fault, do_cow_fault, do_shared_fault, finish_fault
final class FileFault {
    private FileFault() {}

    static FaultResult handle(PageFault fault, PageTableLeaf leaf, FileMapping file) {
        if (!fault.write()) {
            return FaultAround.map(fault, leaf, file)
                    ? FaultResult.HANDLED
                    : mapPage(fault, leaf, file);
        }
        return fault.vma().isShared() ? mapPage(fault, leaf, file) : mapCopy(fault, leaf, file);
    }

    /// Maps the page of the file itself.
    private static FaultResult mapPage(PageFault fault, PageTableLeaf leaf, FileMapping file) {
        Machine machine = fault.mm().machine();
        long page = file.lockForFault(fault.vma().pageIndex(fault.address()));
        if (ErrPage.isError(page)) {
            return result(page);
        }
        if (machine.folios().hasFlag(page, FolioFlags.HWPOISON)) {
            return broken(fault, file, page);
        }
        if (fault.write()) {
            file.dropCopies(fault.vma().pageIndex(fault.address()));
            machine.folios().setFlag(page, FolioFlags.DIRTY);
        }
        leaf.lock();
        if (isNone(leaf, fault)) {
            RssCounter counter = install(fault.vma(), leaf, fault.address(), page, fault.write());
            fault.mm().addRss(counter, 1);
        }
        leaf.unlock();
        machine.folios().unlock(page);
        machine.put(page);
        return FaultResult.HANDLED;
    }

    private static boolean isNone(PageTableLeaf leaf, PageFault fault) {
        return PageTableEntry.isNone(leaf.entryLocked(PageTableLeaf.slot(fault.address())));
    }

    /// Maps a locked page of the file, which gets a reference and a mapping more.
    ///
    /// @return the counter that is to be raised by one
    /// @kernel mm/memory.c: set_pte_range
    static RssCounter install(Vma vma, PageTableLeaf leaf, long address, long page, boolean write) {
        FolioTable folios = vma.mm().machine().folios();
        folios.get(page);
        folios.addMapping(page);
        boolean writable = write || vma.mapsWritable();
        boolean dirty = write || writable && folios.hasFlag(page, FolioFlags.DIRTY);
        long entry = PageTableEntry.ofPage(page, writable);
        leaf.setEntryLocked(
                PageTableLeaf.slot(address),
                dirty ? PageTableEntry.withStore(entry) : PageTableEntry.withAccess(entry, false));
        return RssCounter.of(folios, page);
    }

    /// Maps an anonymous copy.
    private static FaultResult mapCopy(PageFault fault, PageTableLeaf leaf, FileMapping file) {
        Machine machine = fault.mm().machine();
        AnonVma anonVma = fault.mm().prepareAnonVma(fault.vma());
        long copy = machine.allocateCharged(fault.vma());
        if (copy == Page.NONE) {
            return FaultResult.OUT_OF_MEMORY;
        }
        long page = file.lockForFault(fault.vma().pageIndex(fault.address()));
        if (ErrPage.isError(page)) {
            machine.put(copy);
            return result(page);
        }
        if (machine.folios().hasFlag(page, FolioFlags.HWPOISON)) {
            machine.put(copy);
            return broken(fault, file, page);
        }
        machine.ram().copy(page, copy);
        leaf.lock();
        boolean vacant = isNone(leaf, fault);
        if (vacant) {
            AnonymousFault.installExclusive(fault, leaf, copy, anonVma);
            fault.mm().addRss(RssCounter.ANON, 1);
        }
        leaf.unlock();
        machine.folios().unlock(page);
        machine.put(page);
        if (!vacant) {
            machine.put(copy);
        }
        return FaultResult.HANDLED;
    }

    /// The file's page is broken. If its contents are in the store, the page goes, and the access
    /// that is tried again reads them.
    ///
    /// @kernel mm/memory.c: __do_fault
    private static FaultResult broken(PageFault fault, FileMapping file, long page) {
        Machine machine = fault.mm().machine();
        boolean evicted = file.evictBroken(fault.vma().pageIndex(fault.address()), page);
        machine.folios().unlock(page);
        machine.put(page);
        return evicted ? FaultResult.HANDLED : FaultResult.HWPOISON;
    }

    /// @kernel include/linux/mm.h: vmf_error
    private static FaultResult result(long errPage) {
        return ErrPage.errno(errPage) == Errno.ENOMEM
                ? FaultResult.OUT_OF_MEMORY
                : FaultResult.SIGBUS;
    }
}
