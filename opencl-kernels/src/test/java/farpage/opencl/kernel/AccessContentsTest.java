package farpage.opencl.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class AccessContentsTest {
    private static final long SEQUENCE = 123_456_789_012L;
    private static final long SEED = 42;

    @Test
    void hashIsFnv1a() {
        assertEquals(0xCBF29CE484222325L, hash(""));
        assertEquals(0xAF63DC4C8601EC8CL, hash("a"));
        assertEquals(0x85944171F73967E8L, hash("foobar"));
    }

    private static long hash(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        return AccessContents.load(MemorySegment.ofArray(bytes), 0, bytes.length);
    }

    @Test
    void valueIsTheOutputOfSplitmix64() {
        // The first outputs of the generator that starts at 0: state 1 and 2 times its increment.
        assertEquals(0xE220A8397B1DCDAFL, AccessContents.value(AccessContents.GOLDEN, 0, 0));
        assertEquals(0x6E789E6AA1B965F4L, AccessContents.value(AccessContents.GOLDEN, 1, 0));
    }

    /// Every size and offset against the definition, one byte at a time.
    @Test
    void wordsAndBytesAgreeForEverySize() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(128);
            byte[] expected = new byte[128];
            for (int size = 1; size <= 64; size++) {
                for (int offset = 0; offset < 9; offset++) {
                    storeAndCompare(memory, expected, offset, size);
                    modifyAndCompare(memory, expected, offset, size);
                }
            }
        }
    }

    private static void storeAndCompare(
            MemorySegment memory, byte[] expected, int offset, int size) {
        AccessContents.store(memory, offset, size, SEQUENCE + size, SEED);
        for (int k = 0; k < size; k++) {
            expected[offset + k] = AccessContents.storeByte(SEQUENCE + size, k, SEED);
        }
        assertSame(expected, memory);
        assertEquals(
                bytewiseHash(expected, offset, size), AccessContents.load(memory, offset, size));
    }

    private static void modifyAndCompare(
            MemorySegment memory, byte[] expected, int offset, int size) {
        long before = bytewiseHash(expected, offset, size);
        long hash = AccessContents.modify(memory, offset, size, SEQUENCE - size, SEED);
        assertEquals(before, hash);
        for (int k = 0; k < size; k++) {
            expected[offset + k] ^= AccessContents.storeByte(SEQUENCE - size, k, SEED);
        }
        assertSame(expected, memory);
    }

    private static long bytewiseHash(byte[] bytes, int offset, int size) {
        long hash = AccessContents.HASH_START;
        for (int k = 0; k < size; k++) {
            hash = AccessContents.hash(hash, bytes[offset + k]);
        }
        return hash;
    }

    private static void assertSame(byte[] expected, MemorySegment memory) {
        assertEquals(-1, MemorySegment.ofArray(expected).mismatch(memory));
    }

    @Test
    void modifyTwiceGivesBackWhatWasThere() {
        MemorySegment memory = MemorySegment.ofArray(new byte[100]);
        AccessContents.modify(memory, 3, 90, SEQUENCE, SEED);
        AccessContents.modify(memory, 3, 90, SEQUENCE, SEED);
        for (int i = 0; i < 100; i++) {
            assertEquals(0, memory.get(ValueLayout.JAVA_BYTE, i));
        }
    }
}
