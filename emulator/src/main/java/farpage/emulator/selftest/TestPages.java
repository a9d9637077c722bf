package farpage.emulator.selftest;

import farpage.mm.Advice;
import farpage.mm.MremapResult;
import farpage.mm.PageSize;
import farpage.mm.inspect.PagemapDump;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntUnaryOperator;

/// Pages that a case works on, seen as an array of `int`, and the mirror: memory of the same size
/// that device commands copy from and to.
///
/// A value follows from its index: `store(i -> i)`. The index counts from the start of the mapping,
/// in a part of it too.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: struct hmm_buffer
final class TestPages {
    private static final int INTS_IN_PAGE = PageSize.PAGE_SIZE / Integer.BYTES;

    private final TestProcess process;
    private final long address;
    private final MemorySegment mirror;
    private final int firstPage;

    private TestPages(TestProcess process, long address, MemorySegment mirror, int firstPage) {
        this.process = process;
        this.address = address;
        this.mirror = mirror;
        this.firstPage = firstPage;
    }

    /// What a process has mapped from an address on.
    static TestPages of(TestProcess process, long address, int pageCount) {
        return new TestPages(process, address, process.allocate(pageCount), 0);
    }

    long address() {
        return address;
    }

    int pageCount() {
        return (int) (mirror.byteSize() / PageSize.PAGE_SIZE);
    }

    long byteSize() {
        return mirror.byteSize();
    }

    MemorySegment mirror() {
        return mirror;
    }

    /// The pages from one up to another, counted from the start of these.
    TestPages part(int startPage, int endPage) {
        return new TestPages(
                process,
                address + PageSize.pageAddress(startPage),
                mirror.asSlice(
                        PageSize.pageAddress(startPage), PageSize.pageAddress(endPage - startPage)),
                firstPage + startPage);
    }

    TestPages page(int index) {
        return part(index, index + 1);
    }

    /// The pages from the first start of a page table on, counted from there.
    TestPages fromPmdStart() {
        long start = PageSize.alignDownPmd(address + PageSize.PMD_SIZE - 1);
        return new TestPages(process, start, mirror.asSlice(start - address), 0);
    }

    TestPages firstHalf() {
        return part(0, pageCount() / 2);
    }

    TestPages secondHalf() {
        return part(pageCount() / 2, pageCount());
    }

    /// The same pages as a forked child has them, with a copy of the mirror: that is the child's
    /// private memory too.
    TestPages in(TestProcess child) {
        MemorySegment copy = child.allocate(pageCount());
        copy.copyFrom(mirror);
        return new TestPages(child, address, copy, firstPage);
    }

    /// The same pages at another address, where they were moved to.
    TestPages at(long newAddress) {
        return new TestPages(process, newAddress, mirror, firstPage);
    }

    /// A new mapping of the same size and with the same mirror instead of this one.
    TestPages mappedAgain() {
        unmap();
        return new TestPages(
                process, process.mapAddress(pageCount(), TestProcess.READ_WRITE), mirror, 0);
    }

    // What the process does.

    void store(IntUnaryOperator value) {
        MemorySegment page = process.allocate(1);
        for (int i = 0; i < pageCount(); i++) {
            fill(page, i, value);
            process.store(address + PageSize.pageAddress(i), page);
        }
    }

    void expectLoads(IntUnaryOperator value) {
        MemorySegment page = process.allocate(1);
        for (int i = 0; i < pageCount(); i++) {
            process.load(address + PageSize.pageAddress(i), page);
            compare(page, i, value, "ptr");
        }
    }

    /// Adds to each value in its place, and expects what was there before.
    void expectLoadsAndAdd(IntUnaryOperator before, int addend) {
        expectLoads(before);
        store(i -> before.applyAsInt(i) + addend);
        expectLoads(i -> before.applyAsInt(i) + addend);
    }

    /// What the kernel says of each page to who asks for it.
    void readPagemap() {
        long[] words = new long[pageCount()];
        Expect.equal(
                "0", PagemapDump.read(process.mm(), address, words, false).describe(), "pagemap");
    }

    // What the mirror holds.

    void fillMirror(IntUnaryOperator value) {
        for (int i = 0; i < pageCount(); i++) {
            fill(mirror.asSlice(PageSize.pageAddress(i), PageSize.PAGE_SIZE), i, value);
        }
    }

    void expectMirror(IntUnaryOperator value) {
        for (int i = 0; i < pageCount(); i++) {
            MemorySegment page = mirror.asSlice(PageSize.pageAddress(i), PageSize.PAGE_SIZE);
            compare(page, i, value, "mirror");
        }
    }

    private void fill(MemorySegment page, int index, IntUnaryOperator value) {
        int first = (firstPage + index) * INTS_IN_PAGE;
        for (int i = 0; i < INTS_IN_PAGE; i++) {
            page.setAtIndex(ValueLayout.JAVA_INT, i, value.applyAsInt(first + i));
        }
    }

    private void compare(MemorySegment page, int index, IntUnaryOperator value, String what) {
        int first = (firstPage + index) * INTS_IN_PAGE;
        for (int i = 0; i < INTS_IN_PAGE; i++) {
            int expected = value.applyAsInt(first + i);
            int actual = page.getAtIndex(ValueLayout.JAVA_INT, i);
            if (expected != actual) {
                Expect.equal(expected, actual, what + "[" + (first + i) + "]");
            }
        }
    }

    // Mappings.

    void protect(int access) {
        Expect.equal("0", process.mm().mprotect(address, byteSize(), access).describe(), "ret");
    }

    void advise(Advice advice) {
        Expect.equal("0", process.mm().madvise(address, byteSize(), advice).describe(), "ret");
    }

    /// Moves the mapping of these pages.
    ///
    /// @param flags of [farpage.mm.MremapFlags]
    void move(long newAddress, int flags) {
        MremapResult result =
                process.mm().mremap(address, byteSize(), byteSize(), flags, newAddress);
        Expect.equal("0", result.errno().describe(), "mremap");
        Expect.equal(newAddress, result.address(), "mremap");
    }

    void unmap() {
        Expect.equal("0", process.mm().munmap(address, byteSize()).describe(), "ret");
    }
}
