package farpage.opencl.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// What a program's accesses store and what their loads answer: contents that follow from the
/// accesses.
///
/// A recorded trace has addresses but no data. So byte k of the store with sequence number s is
/// byte `k & 7` of [#value] for s, `k >> 3` and the seed of the run; a modify replaces each byte by
/// itself exclusive or the byte that a store would write; a load, and the load half of a modify, is
/// known by the FNV-1a hash of its bytes in address order. Who executes an access, the host on
/// system memory or the kernel on device memory, makes no difference; this class is the host's
/// half.
///
/// @opencl device_access.cl
public final class AccessContents {
    /// 2^64 over the golden ratio, odd.
    static final long GOLDEN = 0x9E3779B97F4A7C15L;

    /// The hash of no bytes.
    public static final long HASH_START = 0xCBF29CE484222325L;

    private static final long HASH_PRIME = 0x100000001B3L;

    private AccessContents() {}

    /// The finalizer of splitmix64.
    static long mix(long z) {
        long first = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        long second = (first ^ (first >>> 27)) * 0x94D049BB133111EBL;
        return second ^ (second >>> 31);
    }

    /// Eight bytes of a store, lowest first.
    ///
    /// @param group which eight: byte k of the store lies in group `k >> 3`
    public static long value(long sequence, int group, long seed) {
        return mix((sequence + group * GOLDEN) ^ seed);
    }

    /// Byte k of a store.
    public static byte storeByte(long sequence, int k, long seed) {
        return (byte) (value(sequence, k >> 3, seed) >>> ((k & 7) * Byte.SIZE));
    }

    /// The hash after one more byte.
    public static long hash(long hash, byte value) {
        return (hash ^ (value & 0xFF)) * HASH_PRIME;
    }

    /// The hash of a load.
    public static long load(MemorySegment memory, long offset, int size) {
        long hash = HASH_START;
        int k = 0;
        for (; k + Long.BYTES <= size; k += Long.BYTES) {
            hash = hash8(hash, memory.get(ValueLayout.JAVA_LONG_UNALIGNED, offset + k));
        }
        for (; k < size; k++) {
            hash = hash(hash, memory.get(ValueLayout.JAVA_BYTE, offset + k));
        }
        return hash;
    }

    /// Executes a store.
    public static void store(
            MemorySegment memory, long offset, int size, long sequence, long seed) {
        int k = 0;
        for (; k + Long.BYTES <= size; k += Long.BYTES) {
            long value = value(sequence, k >> 3, seed);
            memory.set(ValueLayout.JAVA_LONG_UNALIGNED, offset + k, value);
        }
        if (k < size) {
            long value = value(sequence, k >> 3, seed);
            for (; k < size; k++) {
                memory.set(ValueLayout.JAVA_BYTE, offset + k, (byte) value);
                value >>>= Byte.SIZE;
            }
        }
    }

    /// Executes a modify and returns the hash of what was there.
    public static long modify(
            MemorySegment memory, long offset, int size, long sequence, long seed) {
        long hash = HASH_START;
        int k = 0;
        for (; k + Long.BYTES <= size; k += Long.BYTES) {
            long old = memory.get(ValueLayout.JAVA_LONG_UNALIGNED, offset + k);
            hash = hash8(hash, old);
            long value = value(sequence, k >> 3, seed);
            memory.set(ValueLayout.JAVA_LONG_UNALIGNED, offset + k, old ^ value);
        }
        if (k < size) {
            long value = value(sequence, k >> 3, seed);
            for (; k < size; k++) {
                byte old = memory.get(ValueLayout.JAVA_BYTE, offset + k);
                hash = hash(hash, old);
                memory.set(ValueLayout.JAVA_BYTE, offset + k, (byte) (old ^ value));
                value >>>= Byte.SIZE;
            }
        }
        return hash;
    }

    /// The hash after eight more bytes, lowest first.
    private static long hash8(long hash, long bytes) {
        long after = hash;
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            after = (after ^ ((bytes >>> shift) & 0xFF)) * HASH_PRIME;
        }
        return after;
    }
}
