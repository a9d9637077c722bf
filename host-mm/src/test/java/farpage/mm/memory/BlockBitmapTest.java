package farpage.mm.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The bitmap against the JDK's.
final class BlockBitmapTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 63, 64, 65, 4096, 4097, 300_000})
    void lowestMemberIsFoundInAnySize(int count) {
        Random random = new Random(count);
        BlockBitmap bitmap = new BlockBitmap(count);
        BitSet expected = new BitSet();
        for (int step = 0; step < 2000; step++) {
            int number = random.nextInt(count);
            if (expected.get(number)) {
                bitmap.remove(number);
            } else {
                bitmap.add(number);
            }
            expected.flip(number);
            assertEquals(expected.nextSetBit(0), bitmap.first());
            assertEquals(expected.cardinality(), bitmap.size());
            assertEquals(expected.get(number), bitmap.contains(number));
        }
    }

    @Test
    void emptyBitmapHasNoMembers() {
        BlockBitmap bitmap = new BlockBitmap(0);
        assertEquals(-1, bitmap.first());
        assertFalse(bitmap.contains(0));
    }
}
