package farpage.emulator.trace;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// The generator of the data that kernel traces write: a linear congruential one with 64 bits.
///
/// The state starts as the seed; each step multiplies and adds, and the new state is the next 8
/// bytes, lowest byte first.
///
/// @kernel none; the recording program's own, needed to write the same bytes
public final class PatternGenerator {
    private static final long MULTIPLIER = 6364136223846793005L;
    private static final long INCREMENT = 1442695040888963407L;
    private static final ValueLayout.OfLong LITTLE_LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private long state;

    public PatternGenerator(long seed) {
        state = seed;
    }

    /// The next 8 bytes as a number, lowest byte first in memory.
    public long next() {
        state = state * MULTIPLIER + INCREMENT;
        return state;
    }

    /// Fills `[offset, offset + size)` of a segment and goes on where the last call stopped.
    ///
    /// @param size a multiple of 8
    public void fill(MemorySegment target, long offset, long size) {
        if (size % Long.BYTES != 0) {
            throw new IllegalArgumentException("pattern size: value=" + size + ", limit=n*8");
        }
        long end = offset + size;
        for (long position = offset; position < end; position += Long.BYTES) {
            target.set(LITTLE_LONG, position, next());
        }
    }
}
