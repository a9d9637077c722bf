package farpage.mm;

import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFaultHandler;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.HostMemory;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.zonedevice.CpuMapping;
import farpage.mm.zonedevice.DevicePagemap;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// One CPU that runs in a process: it translates addresses, takes the fault where there is no entry
/// that permits the access, and tries again.
///
/// An access is bracketed by [#begin(long, boolean)] and [#end()]. Between them the page stays
/// where it is: the leaf's lock is held, as a TLB entry in use would hold off a flush. Keep it
/// short; take no lock.
///
/// Device-coherent pages are accessed in place where the device's memory can be addressed, else
/// through a copy that is stored back at the end.
///
/// Not for several threads at once; each has its own.
///
/// @kernel arch/x86/mm/fault.c: the hardware's page walk and do_user_addr_fault
public final class CpuAccess {
    /// A fault that is handled this often without the access succeeding is no fault of the program.
    private static final int FAULT_RETRY_LIMIT = 1_000_000;

    private static final long FAILED = -1;

    private final Mm mm;
    private final PageBytes bytes;
    private final MemorySegment ram;

    /// Where the bytes of the page of the access lie.
    private MemorySegment memory;

    /// Made at the first access that needs one.
    private @Nullable CoherentWindow window;

    /// The leaf used last: the page-walk cache. Dead leaves are noticed under their lock.
    private @Nullable PageTableLeaf cachedLeaf;

    private long cachedLeafAddress = -1;
    private @Nullable PageTableLeaf lockedLeaf;
    private FaultResult fault = FaultResult.HANDLED;
    private long faultCount;

    public CpuAccess(Mm mm) {
        this.mm = mm;
        this.bytes = mm.machine().pageBytes();
        this.ram = mm.machine().ram().segment();
        this.memory = ram;
    }

    /// Begins an access within one page.
    ///
    /// @return where the bytes lie in [#memory()], from which on the rest of the page may be used
    ///   until [#end()]; -1 if the access is not permitted, and [#fault()] says why
    public long begin(long address, boolean write) {
        long page = translate(address, write);
        if (page == Page.NONE) {
            return FAILED;
        }
        if (Page.isDevice(page)) {
            return beginCoherent(page, address, write);
        }
        memory = ram;
        return HostMemory.offset(page) + PageSize.offsetInPage(address);
    }

    private long beginCoherent(long page, long address, boolean write) {
        DevicePagemap pagemap = mm.machine().pagemap(page);
        return switch (pagemap.cpuMapping()) {
            case CpuMapping.InPlace(MemorySegment device) -> {
                memory = device;
                yield PageSize.pageAddress(pagemap.index(page)) + PageSize.offsetInPage(address);
            }
            case CpuMapping.ThroughDriver _ -> {
                CoherentWindow copy = window == null ? new CoherentWindow(bytes) : window;
                window = copy;
                if (!copy.open(page, write)) {
                    fault = FaultResult.HWPOISON;
                    unlockLeaf();
                    yield FAILED;
                }
                memory = copy.memory();
                yield PageSize.offsetInPage(address);
            }
        };
    }

    /// The memory that the access under way is to; another one for another page.
    public MemorySegment memory() {
        assert lockedLeaf != null : "no access is under way";
        return memory;
    }

    /// Ends the access. [#fault()] says HWPOISON afterwards if a device's memory failed to take
    /// what was stored.
    public void end() {
        CoherentWindow copy = window;
        if (copy != null && copy.isOpen() && !copy.close()) {
            fault = FaultResult.HWPOISON;
        }
        unlockLeaf();
    }

    /// Whether the memory is broken and yet mapped: a part of a large folio that could not be cut.
    private boolean isBroken(long page) {
        return mm.machine().memoryFailure().isAny()
                && mm.machine().folios().isLarge(page)
                && mm.machine().folios().hasFlag(page, FolioFlags.HWPOISON);
    }

    /// Finds the page, faulting it in, and holds it in its place.
    ///
    /// @return the page; [Page#NONE] if the access is not permitted, with nothing held
    private long translate(long address, boolean write) {
        assert lockedLeaf == null : "an access is under way";
        fault = FaultResult.HANDLED;
        for (int attempt = 0; attempt < FAULT_RETRY_LIMIT; attempt++) {
            PageTableLeaf leaf = leaf(address);
            if (leaf != null && leaf.lockIfAlive()) {
                int slot = PageTableLeaf.slot(address);
                long entry = leaf.entryLocked(slot);
                if (write ? PageTableEntry.isWritable(entry) : PageTableEntry.isReadable(entry)) {
                    if (isBroken(PageTableEntry.page(entry))) {
                        leaf.unlock();
                        fault = FaultResult.HWPOISON;
                        return Page.NONE;
                    }
                    long used = PageTableEntry.withAccess(entry, write);
                    if (used != entry) {
                        leaf.markAccessLocked(slot, used, write);
                    }
                    lockedLeaf = leaf;
                    return PageTableEntry.page(entry);
                }
                leaf.unlock();
            } else {
                cachedLeafAddress = -1;
            }
            faultCount++;
            fault = PageFaultHandler.handle(mm, address, write);
            if (fault.isError()) {
                return Page.NONE;
            }
        }
        throw Check.broken(
                String.format(
                        "a fault at %x was handled %d times and the access still fails",
                        address, FAULT_RETRY_LIMIT));
    }

    private void unlockLeaf() {
        PageTableLeaf leaf = lockedLeaf;
        assert leaf != null : "no access is under way";
        lockedLeaf = null;
        leaf.unlock();
    }

    /// Why the last access failed.
    public FaultResult fault() {
        return fault;
    }

    /// Faults taken so far.
    public long faultCount() {
        return faultCount;
    }

    /// Loads bytes, page after page.
    ///
    /// @return HANDLED, or the error at the first page that can not be read; what lies before it
    ///   was loaded
    public FaultResult read(long address, MemorySegment to) {
        return transfer(address, to, false);
    }

    /// Stores bytes, page after page; errors as for [#read].
    public FaultResult write(long address, MemorySegment from) {
        return transfer(address, from, true);
    }

    private FaultResult transfer(long address, MemorySegment buffer, boolean write) {
        long done = 0;
        while (done < buffer.byteSize()) {
            long at = address + done;
            long length =
                    Math.min(
                            PageSize.PAGE_SIZE - PageSize.offsetInPage(at),
                            buffer.byteSize() - done);
            long page = translate(at, write);
            if (page == Page.NONE) {
                return fault;
            }
            long offset = PageSize.offsetInPage(at);
            boolean accessed =
                    write
                            ? bytes.store(page, offset, buffer, done, length)
                            : bytes.load(page, offset, buffer, done, length);
            unlockLeaf();
            if (!accessed) {
                fault = FaultResult.HWPOISON;
                return fault;
            }
            done += length;
        }
        return FaultResult.HANDLED;
    }

    private @Nullable PageTableLeaf leaf(long address) {
        long leafAddress = PageSize.alignDownPmd(address);
        if (leafAddress != cachedLeafAddress) {
            if (address < 0 || address >= PageSize.TASK_SIZE) {
                return null;
            }
            cachedLeaf = mm.pageTable().lookupLeaf(address);
            cachedLeafAddress = cachedLeaf == null ? -1 : leafAddress;
        }
        return cachedLeaf;
    }
}
