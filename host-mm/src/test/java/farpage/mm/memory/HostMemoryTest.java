package farpage.mm.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Page;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/// The bytes of RAM and the frames of them.
final class HostMemoryTest {
    @Test
    void sizeIsRoundedDownToPages() {
        try (HostMemory ram = new HostMemory(3 * 4096 + 4095)) {
            assertEquals(3, ram.pageCount());
            assertEquals(3 * 4096, ram.segment().byteSize());
        }
    }

    @Test
    void sizesThatCanNotBeAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new HostMemory(4095));
        assertThrows(IllegalArgumentException.class, () -> new HostMemory(Long.MAX_VALUE));
    }

    @Test
    void memoryBeginsAtAHugePage() {
        try (HostMemory ram = new HostMemory(4096)) {
            assertEquals(0, ram.segment().address() & ((2L << 20) - 1));
        }
    }

    @Test
    void framesAreApart() {
        try (HostMemory ram = new HostMemory(8 * 4096)) {
            long first = ram.allocate(0);
            long second = ram.allocate(1);
            ram.bytes(first).fill((byte) 1);
            ram.segment().asSlice(HostMemory.offset(second), 2 * 4096).fill((byte) 2);
            ram.zero(second, 0);
            ram.copy(first, second + 1);
            assertEquals(1, ram.bytes(first).get(ValueLayout.JAVA_BYTE, 4095));
            assertEquals(0, ram.bytes(second).get(ValueLayout.JAVA_BYTE, 4095));
            assertEquals(1, ram.bytes(second + 1).get(ValueLayout.JAVA_BYTE, 0));
            assertEquals(5, ram.freePageCount());
            assertFalse(ram.isFree(second));
            ram.free(second, 1);
            assertTrue(ram.isFree(second));
        }
    }

    @Test
    void fullMemoryAnswersNone() {
        try (HostMemory ram = new HostMemory(4096)) {
            assertEquals(0, ram.allocate(0));
            assertEquals(Page.NONE, ram.allocate(0));
        }
    }

    @Test
    void closedMemoryIsOutOfReach() {
        HostMemory ram = new HostMemory(4096);
        ram.close();
        assertThrows(IllegalStateException.class, () -> ram.segment().fill((byte) 1));
        ram.close();
    }
}
