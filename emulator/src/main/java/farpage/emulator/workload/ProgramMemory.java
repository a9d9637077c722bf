package farpage.emulator.workload;

import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import java.util.Arrays;

/// The mappings of a traced program. A trace says what was touched, not what was mapped, so memory
/// is mapped around each touched address, 2 MiB at a time; neighbouring mappings join. It is all
/// anonymous memory, readable and writable: what the program's files held is not in the trace.
///
/// One thread uses it.
///
/// @kernel mmap(2): MAP_FIXED
final class ProgramMemory {
    private static final long NO_BLOCK = -1;

    private final Mm mm;

    /// Open addressing: the mapped blocks, by address.
    private long[] blocks = emptyTable(1 << 8);

    private int blockCount;
    private long lastBlock = NO_BLOCK;

    ProgramMemory(Mm mm) {
        this.mm = mm;
    }

    /// Makes sure that an address is mapped.
    ///
    /// @throws WorkloadException for an address that no process may map
    void map(long address) {
        long block = PageSize.alignDownPmd(address);
        if (block == lastBlock) {
            return;
        }
        int slot = slotOf(block, blocks);
        if (blocks[slot] != block) {
            mapBlock(address, block);
            blocks[slot] = block;
            blockCount++;
            if (blockCount * 2 > blocks.length) {
                grow();
            }
        }
        lastBlock = block;
    }

    /// The bytes of address space that are mapped.
    long mappedBytes() {
        return blockCount * PageSize.PMD_SIZE;
    }

    private void mapBlock(long address, long block) {
        long start = Math.max(block, Mm.MMAP_MIN_ADDRESS);
        long end = Math.min(block + PageSize.PMD_SIZE, PageSize.TASK_SIZE);
        if (address < start || address >= end) {
            throw new WorkloadException(
                    WorkloadException.Reason.ADDRESS,
                    String.format(
                            "address %x: a process can map %x to %x only",
                            address, Mm.MMAP_MIN_ADDRESS, PageSize.TASK_SIZE));
        }
        Errno errno = mm.mmapFixed(start, end - start, VmFlags.READ | VmFlags.WRITE);
        assert errno.isOk() : errno;
    }

    private void grow() {
        long[] bigger = emptyTable(blocks.length * 2);
        for (long block : blocks) {
            if (block != NO_BLOCK) {
                bigger[slotOf(block, bigger)] = block;
            }
        }
        blocks = bigger;
    }

    private static int slotOf(long block, long[] table) {
        int mask = table.length - 1;
        int slot = (int) ((block * 0x9e3779b97f4a7c15L) >>> 40) & mask;
        while (table[slot] != block && table[slot] != NO_BLOCK) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private static long[] emptyTable(int size) {
        long[] table = new long[size];
        Arrays.fill(table, NO_BLOCK);
        return table;
    }
}
