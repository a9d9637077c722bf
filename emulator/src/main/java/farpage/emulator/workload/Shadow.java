package farpage.emulator.workload;

import farpage.mm.PageSize;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What the memory of the traced program must hold, computed from its accesses and nothing else.
///
/// The contents rule: byte `k` of a store with the number `s` is byte `k & 7`, lowest first, of
/// `mix((s + (k >> 3) * 0x9e3779b97f4a7c15) ^ seed)`, where `mix` is the last step of the
/// splitmix64 generator. A modification combines the old byte with that byte by exclusive or.
/// Memory that was never written is zero. A load sees FNV-1a, 64 bits, over its bytes in address
/// order.
///
/// It checks the memory model, so it shares nothing with it: its page table is a hash table from
/// page number to a slot in slabs of native memory, and the rule above is written out here once
/// more, a byte at a time. Native memory, since a program may touch more than the Java heap should
/// hold.
///
/// One thread uses it. Closing gives the slabs back.
///
/// @kernel none; an oracle in the sense of model-based testing
public final class Shadow implements AutoCloseable {
    private static final int SLAB_PAGES = 256;
    private static final int TABLE_SIZE_MIN = 1 << 10;
    private static final long NO_PAGE = -1;

    private static final long STEP = 0x9e37_79b9_7f4a_7c15L;
    private static final long FNV_START = 0xcbf2_9ce4_8422_2325L;
    private static final long FNV_PRIME = 0x100_0000_01b3L;

    private final long seed;
    private final Arena arena = Arena.ofConfined();
    private final List<MemorySegment> slabs = new ArrayList<>();

    /// Open addressing: page number (or [#NO_PAGE]) and the slot of its contents.
    private long[] tablePage = emptyTable(TABLE_SIZE_MIN);

    private int[] tableSlot = new int[TABLE_SIZE_MIN];
    private int pageCount;

    /// The page that was used last; programs stay on a page for many accesses.
    private long lastPage = NO_PAGE;

    private int lastSlot;

    /// @param seed enters into what stores write
    public Shadow(long seed) {
        this.seed = seed;
    }

    /// Pages that were touched so far.
    public int pageCount() {
        return pageCount;
    }

    /// Bytes of native memory in use.
    public long nativeBytes() {
        return (long) slabs.size() * SLAB_PAGES * PageSize.PAGE_SIZE;
    }

    /// A store within one page.
    public void store(long address, int size, long sequence) {
        MemorySegment slab = slabOf(address, size);
        long offset = offsetOf(address);
        for (int index = 0; index < size; index++) {
            slab.set(ValueLayout.JAVA_BYTE, offset + index, contentByte(sequence, index));
        }
    }

    /// A modification within one page.
    public void modify(long address, int size, long sequence) {
        MemorySegment slab = slabOf(address, size);
        long offset = offsetOf(address);
        for (int index = 0; index < size; index++) {
            byte old = slab.get(ValueLayout.JAVA_BYTE, offset + index);
            slab.set(
                    ValueLayout.JAVA_BYTE,
                    offset + index,
                    (byte) (old ^ contentByte(sequence, index)));
        }
    }

    /// The hash that a load within one page must give.
    public long loadHash(long address, int size) {
        MemorySegment slab = slabOf(address, size);
        long offset = offsetOf(address);
        long hash = FNV_START;
        for (int index = 0; index < size; index++) {
            hash = (hash ^ (slab.get(ValueLayout.JAVA_BYTE, offset + index) & 0xff)) * FNV_PRIME;
        }
        return hash;
    }

    /// Where `actual` first differs from what must be at an address, within one page.
    ///
    /// @param actual bytes that were read
    /// @return index of the first byte that differs, or -1 when all are right
    public long findDifference(long address, int size, MemorySegment actual, long actualOffset) {
        MemorySegment slab = slabOf(address, size);
        long offset = offsetOf(address);
        return MemorySegment.mismatch(
                slab, offset, offset + size, actual, actualOffset, actualOffset + size);
    }

    /// A byte that must be at an address.
    public byte byteAt(long address) {
        return slabOf(address, 1).get(ValueLayout.JAVA_BYTE, offsetOf(address));
    }

    /// Numbers of all pages that were touched, ascending.
    public long[] pageNumbers() {
        long[] pages = new long[pageCount];
        int found = 0;
        for (long page : tablePage) {
            if (page != NO_PAGE) {
                pages[found++] = page;
            }
        }
        Arrays.sort(pages);
        return pages;
    }

    /// The digest of all memory: of every page that was ever written, its number and contents.
    ///
    /// Pages are taken in address order and pages of zeros are left out, so it does not matter
    /// which pages were only looked at. It depends on the accesses and the seed alone.
    public long digest() {
        MemoryDigest digest = new MemoryDigest();
        for (long page : pageNumbers()) {
            long address = page << PageSize.PAGE_SHIFT;
            digest.add(page, slabOf(address, PageSize.PAGE_SIZE), offsetOf(address));
        }
        return digest.value();
    }

    private byte contentByte(long sequence, int index) {
        long mixed = (sequence + (index >> 3) * STEP) ^ seed;
        mixed = (mixed ^ (mixed >>> 30)) * 0xbf58_476d_1ce4_e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d0_49bb_1331_11ebL;
        mixed = mixed ^ (mixed >>> 31);
        return (byte) (mixed >>> ((index & 7) * Byte.SIZE));
    }

    /// The slab of an address, and its page in [#lastSlot].
    private MemorySegment slabOf(long address, int size) {
        long page = address >>> PageSize.PAGE_SHIFT;
        assert size >= 1;
        assert (address + size - 1) >>> PageSize.PAGE_SHIFT == page;
        if (page != lastPage) {
            lastSlot = slotOf(page);
            lastPage = page;
        }
        return slabs.get(lastSlot / SLAB_PAGES);
    }

    private long offsetOf(long address) {
        assert address >>> PageSize.PAGE_SHIFT == lastPage;
        return (long) (lastSlot % SLAB_PAGES) * PageSize.PAGE_SIZE
                + (address & (PageSize.PAGE_SIZE - 1));
    }

    private int slotOf(long page) {
        int index = indexOf(page, tablePage);
        if (tablePage[index] == page) {
            return tableSlot[index];
        }
        return insert(page, index);
    }

    private int insert(long page, int freeIndex) {
        int slot = pageCount++;
        if (slot == slabs.size() * SLAB_PAGES) {
            slabs.add(arena.allocate((long) SLAB_PAGES * PageSize.PAGE_SIZE, PageSize.PAGE_SIZE));
        }
        tablePage[freeIndex] = page;
        tableSlot[freeIndex] = slot;
        if (pageCount * 2 > tablePage.length) {
            grow();
        }
        return slot;
    }

    private void grow() {
        long[] biggerPage = emptyTable(tablePage.length * 2);
        int[] biggerSlot = new int[tablePage.length * 2];
        for (int index = 0; index < tablePage.length; index++) {
            if (tablePage[index] != NO_PAGE) {
                int target = indexOf(tablePage[index], biggerPage);
                biggerPage[target] = tablePage[index];
                biggerSlot[target] = tableSlot[index];
            }
        }
        tablePage = biggerPage;
        tableSlot = biggerSlot;
    }

    /// Where a page is in a table, or where it would go.
    private static int indexOf(long page, long[] table) {
        int mask = table.length - 1;
        int index = (int) ((page * STEP) >>> 40) & mask;
        while (table[index] != page && table[index] != NO_PAGE) {
            index = (index + 1) & mask;
        }
        return index;
    }

    private static long[] emptyTable(int size) {
        long[] table = new long[size];
        Arrays.fill(table, NO_PAGE);
        return table;
    }

    @Override
    public void close() {
        slabs.clear();
        arena.close();
    }
}
