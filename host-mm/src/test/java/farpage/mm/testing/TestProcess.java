package farpage.mm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.fault.FaultResult;
import farpage.mm.file.OpenFile;
import farpage.mm.notifier.MmuIntervalNotifier;
import farpage.mm.notifier.MmuNotifierSubscriptions.Insertion;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A process and one CPU that runs in it. A page's content is told by one byte, which fills it.
public final class TestProcess {
    public static final int READ_WRITE = VmFlags.READ | VmFlags.WRITE;

    private final Mm mm;
    private final CpuAccess cpu;

    public TestProcess(Mm mm) {
        this.mm = mm;
        this.cpu = new CpuAccess(mm);
    }

    public Mm mm() {
        return mm;
    }

    public CpuAccess cpu() {
        return cpu;
    }

    public TestProcess fork() {
        return new TestProcess(mm.fork());
    }

    /// Maps fresh memory, readable and writable.
    ///
    /// @return its address
    public long map(int pageCount) {
        return mm.mmap(PageSize.pageAddress(pageCount), READ_WRITE);
    }

    /// The same at a given place.
    public long mapAt(long address, int pageCount) {
        assertEquals(Errno.OK, mm.mmapFixed(address, bytes(pageCount), READ_WRITE));
        return address;
    }

    /// The same of memory that asks for huge pages, in pieces of 2 MiB.
    ///
    /// @param address where one begins
    public long mapHugeAt(long address, int hugePageCount) {
        assertEquals(0, address & PageSize.PMD_SIZE - 1);
        long length = hugePageCount * PageSize.PMD_SIZE;
        assertEquals(Errno.OK, mm.mmapFixed(address, length, READ_WRITE));
        assertEquals(Errno.OK, mm.madvise(address, length, Advice.HUGEPAGE));
        return address;
    }

    /// Whether one entry maps the 2 MiB that hold the address.
    public boolean isHuge(long address) {
        PageTableLeaf leaf = mm.pageTable().lookupLeaf(address);
        return leaf != null && leaf.isHugeAcquire();
    }

    /// Maps new memory that forked children share.
    public long mapShared(int pageCount) {
        return mapFile(null, 0, pageCount, READ_WRITE | VmFlags.SHARED);
    }

    /// Maps pages of a file from the given one on.
    public long mapFile(@Nullable OpenFile file, int firstPage, int pageCount, int flags) {
        long address = mm.mmap(bytes(pageCount), flags, file, bytes(firstPage));
        assertTrue(address > 0, () -> "mmap: " + address);
        return address;
    }

    public void unmap(long address, int pageCount) {
        assertEquals(Errno.OK, mm.munmap(address, bytes(pageCount)));
    }

    public void protect(long address, int pageCount, int access) {
        assertEquals(Errno.OK, mm.mprotect(address, bytes(pageCount), access));
    }

    private static long bytes(int pageCount) {
        return PageSize.pageAddress(pageCount);
    }

    public static long page(long address, int page) {
        return address + PageSize.pageAddress(page);
    }

    /// Fills a page with the byte.
    public FaultResult tryStore(long address, int value) {
        byte[] content = new byte[PageSize.PAGE_SIZE];
        Arrays.fill(content, (byte) value);
        return cpu.write(address, MemorySegment.ofArray(content));
    }

    public void store(long address, int value) {
        assertEquals(FaultResult.HANDLED, tryStore(address, value));
    }

    public FaultResult tryLoad(long address) {
        return cpu.read(address, MemorySegment.ofArray(new byte[PageSize.PAGE_SIZE]));
    }

    /// The byte that fills a page; it fails if the page is not of one byte.
    public int load(long address) {
        byte[] content = new byte[PageSize.PAGE_SIZE];
        assertEquals(FaultResult.HANDLED, cpu.read(address, MemorySegment.ofArray(content)));
        for (byte value : content) {
            assertEquals(content[0], value, "a page torn between two contents");
        }
        return content[0];
    }

    /// Stores `first`, `first + 1` … to pages in a row.
    public void storeRow(long address, int pageCount, int first) {
        for (int page = 0; page < pageCount; page++) {
            store(page(address, page), first + page);
        }
    }

    /// Stores to every page of 2 MiB; no page is of zeros.
    public void storeHuge(long address) {
        for (int page = 0; page < PageSize.ENTRIES_PER_TABLE; page++) {
            store(page(address, page), 1 + page % 100);
        }
    }

    /// What [#storeHuge] stored.
    public void assertHuge(long address) {
        for (int page = 0; page < PageSize.ENTRIES_PER_TABLE; page++) {
            assertEquals(1 + page % 100, load(page(address, page)), "page " + page);
        }
    }

    public void assertRow(long address, int pageCount, int first) {
        for (int page = 0; page < pageCount; page++) {
            assertEquals((byte) (first + page), load(page(address, page)), "page " + page);
        }
    }

    /// The page table's entry; NONE if there is no table.
    public long entry(long address) {
        PageTableLeaf leaf = mm.pageTable().lookupLeaf(address);
        return leaf == null ? PageTableEntry.NONE : leaf.entryAcquire(PageTableLeaf.slot(address));
    }

    /// Puts an entry in place that no operation makes.
    public void setEntry(long address, long entry) {
        PageTableLeaf leaf = mm.pageTable().leafOrNew(address);
        leaf.lock();
        leaf.setEntryLocked(PageTableLeaf.slot(address), entry);
        leaf.unlock();
    }

    public PageTableEntry.Shape shape(long address) {
        return PageTableEntry.shape(entry(address));
    }

    /// The page that is mapped at an address.
    public long pageAt(long address) {
        return PageTableEntry.page(entry(address));
    }

    /// Does something with the VMA at an address under the mmap lock.
    public <R extends @Nullable Object> R withVma(long address, Function<Vma, R> action) {
        mm.lockRead();
        try {
            Vma vma = mm.lookupVma(address);
            assertNotNull(vma, "nothing is mapped there");
            return action.apply(vma);
        } finally {
            mm.unlockRead();
        }
    }

    public int vmaCount() {
        mm.lockRead();
        try {
            return mm.vmas().size();
        } finally {
            mm.unlockRead();
        }
    }

    /// Does something in another thread when a page is taken from the process.
    public MmuIntervalNotifier onInvalidation(long address, Runnable action) {
        Insertion insertion =
                mm.notifiers()
                        .insert(
                                address,
                                PageSize.PAGE_SIZE,
                                (own, range, sequence) -> {
                                    own.setSequence(sequence);
                                    try (ExecutorService thread =
                                            Executors.newSingleThreadExecutor()) {
                                        thread.submit(action).get();
                                    } catch (InterruptedException | ExecutionException e) {
                                        throw new AssertionError(e);
                                    }
                                    return true;
                                });
        return assertInstanceOf(Insertion.Inserted.class, insertion).notifier();
    }
}
