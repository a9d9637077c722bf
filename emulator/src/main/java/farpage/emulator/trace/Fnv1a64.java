package farpage.emulator.trace;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// The hash FNV-1a with 64 bits, over bytes in order.
///
/// It goes by one byte after another and so cannot be split over lanes. Eight zero bytes, of which
/// fresh memory has many, are eight multiplications by a constant and so are one here.
///
/// @kernel none; the hash of the recorded results
public final class Fnv1a64 {
    /// The hash of no bytes.
    public static final long START = 0xcbf2_9ce4_8422_2325L;

    private static final long PRIME = 0x100_0000_01b3L;
    private static final long PRIME_POWER_8 = powerOf8(PRIME);
    private static final ValueLayout.OfLong LITTLE_LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Fnv1a64() {}

    private static long powerOf8(long base) {
        long square = base * base;
        long fourth = square * square;
        return fourth * fourth;
    }

    /// Continues a hash with `[offset, offset + size)` of a segment.
    ///
    /// @param hash [#START], or the hash of the bytes before
    public static long update(long hash, MemorySegment bytes, long offset, long size) {
        long end = offset + size;
        long position = offset;
        long result = hash;
        for (; position <= end - Long.BYTES; position += Long.BYTES) {
            result = updateLong(result, bytes.get(LITTLE_LONG, position));
        }
        for (; position < end; position++) {
            result = updateByte(result, bytes.get(ValueLayout.JAVA_BYTE, position));
        }
        return result;
    }

    /// Continues a hash with `[offset, offset + size)` of an array.
    public static long update(long hash, byte[] bytes, int offset, int size) {
        return update(hash, MemorySegment.ofArray(bytes), offset, size);
    }

    /// Continues a hash with 8 bytes, the lowest first.
    public static long updateLong(long hash, long value) {
        if (value == 0) {
            return hash * PRIME_POWER_8;
        }
        long result = hash;
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            result = (result ^ ((value >>> shift) & 0xff)) * PRIME;
        }
        return result;
    }

    /// Continues a hash with one byte.
    public static long updateByte(long hash, int value) {
        return (hash ^ (value & 0xff)) * PRIME;
    }

    /// A hash as 16 hexadecimal digits.
    public static String format(long hash) {
        String digits = Long.toHexString(hash);
        return "0".repeat(16 - digits.length()) + digits;
    }
}
