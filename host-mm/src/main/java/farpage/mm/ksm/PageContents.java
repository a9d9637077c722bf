package farpage.mm.ksm;

import farpage.mm.PageSize;
import farpage.mm.memory.HostMemory;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/// Compares the contents of system pages. They may change under it; then the answer is of no
/// moment, and who needs a lasting one write-protects the pages before.
///
/// @kernel mm/ksm.c: calc_checksum, pages_identical
final class PageContents {
    private final MemorySegment ram;
    private final int zeroChecksum;

    PageContents(HostMemory memory) {
        this.ram = memory.segment();
        this.zeroChecksum = checksum(ByteBuffer.allocate(PageSize.PAGE_SIZE));
    }

    int checksum(long page) {
        return checksum(ram.asSlice(HostMemory.offset(page), PageSize.PAGE_SIZE).asByteBuffer());
    }

    private static int checksum(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    int zeroChecksum() {
        return zeroChecksum;
    }

    boolean areIdentical(long pageA, long pageB) {
        long a = HostMemory.offset(pageA);
        long b = HostMemory.offset(pageB);
        return MemorySegment.mismatch(
                        ram, a, a + PageSize.PAGE_SIZE, ram, b, b + PageSize.PAGE_SIZE)
                < 0;
    }
}
