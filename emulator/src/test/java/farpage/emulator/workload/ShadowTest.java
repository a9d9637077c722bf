package farpage.emulator.workload;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

final class ShadowTest {
    @Test
    void untouchedMemoryIsZero() {
        try (Shadow shadow = new Shadow(5)) {
            assertEquals(0, shadow.byteAt(0x1234));
            assertEquals(-1, shadow.findDifference(0, 64, MemorySegment.ofArray(new byte[64]), 0));
        }
    }

    @Test
    void mixIsTheFinalStepOfSplitmix64() {
        long seed = 77;
        try (Shadow shadow = new Shadow(seed)) {
            shadow.store(0x7fff_0000_0100L, 70, 41);
            for (int index = 0; index < 70; index++) {
                assertEquals(mixByte(41, index, seed), shadow.byteAt(0x7fff_0000_0100L + index));
            }
        }
    }

    private static byte mixByte(long sequence, int index, long seed) {
        BigInteger modulus = BigInteger.ONE.shiftLeft(64);
        BigInteger step = new BigInteger("9e3779b97f4a7c15", 16);
        BigInteger value =
                BigInteger.valueOf(sequence)
                        .add(step.multiply(BigInteger.valueOf(index / 8)))
                        .mod(modulus)
                        .xor(BigInteger.valueOf(seed));
        value = value.xor(value.shiftRight(30));
        value = value.multiply(new BigInteger("bf58476d1ce4e5b9", 16)).mod(modulus);
        value = value.xor(value.shiftRight(27));
        value = value.multiply(new BigInteger("94d049bb133111eb", 16)).mod(modulus);
        value = value.xor(value.shiftRight(31));
        return value.shiftRight(8 * (index % 8)).byteValue();
    }

    @Test
    void modificationCombinesOldAndNew() {
        try (Shadow shadow = new Shadow(9)) {
            shadow.store(4090, 4, 1);
            shadow.modify(4092, 4, 2);
            assertEquals(mixByte(1, 1, 9), shadow.byteAt(4091));
            assertEquals((byte) (mixByte(1, 2, 9) ^ mixByte(2, 0, 9)), shadow.byteAt(4092));
            assertEquals(mixByte(2, 3, 9), shadow.byteAt(4095));
        }
    }

    @Test
    void randomAccessesAgreeWithAMapOfBytes() {
        Random random = new Random(11);
        Map<Long, Byte> oracle = new HashMap<>();
        TreeSet<Long> pages = new TreeSet<>();
        try (Shadow shadow = new Shadow(3)) {
            for (int sequence = 0; sequence < 20_000; sequence++) {
                long page = (long) random.nextInt(3000) << random.nextInt(20);
                int offset = random.nextInt(4096);
                int size = 1 + random.nextInt(Math.min(32, 4096 - offset));
                long address = page << 12 | offset;
                pages.add(page);
                boolean modifies = random.nextBoolean();
                if (modifies) {
                    shadow.modify(address, size, sequence);
                } else {
                    shadow.store(address, size, sequence);
                }
                long hash = 0xcbf2_9ce4_8422_2325L;
                for (int index = 0; index < size; index++) {
                    byte old = oracle.getOrDefault(address + index, (byte) 0);
                    byte value = mixByte(sequence, index, 3);
                    value = modifies ? (byte) (old ^ value) : value;
                    oracle.put(address + index, value);
                    hash = (hash ^ (value & 0xff)) * 0x100_0000_01b3L;
                }
                assertEquals(hash, shadow.loadHash(address, size));
            }
            oracle.forEach((address, value) -> assertEquals(value, shadow.byteAt(address)));
            assertArrayEquals(
                    pages.stream().mapToLong(Long::longValue).toArray(), shadow.pageNumbers());
        }
    }

    @Test
    void firstWrongByteIsFound() {
        try (Shadow shadow = new Shadow(1)) {
            shadow.store(100, 16, 8);
            byte[] actual = new byte[20];
            for (int index = 0; index < 16; index++) {
                actual[4 + index] = shadow.byteAt(100 + index);
            }
            MemorySegment segment = MemorySegment.ofArray(actual);
            assertEquals(-1, shadow.findDifference(100, 16, segment, 4));
            actual[4 + 13] ^= 1;
            assertEquals(13, shadow.findDifference(100, 16, segment, 4));
        }
    }

    @Test
    void digestDependsOnStoresAndSeedButNotOnLooks() {
        assertEquals(digest(1, 50, false), digest(1, 50, true));
        assertNotEquals(digest(1, 50, false), digest(2, 50, false));
        assertNotEquals(digest(1, 50, false), digest(1, 51, false));
    }

    private static long digest(long seed, int stores, boolean looks) {
        try (Shadow shadow = new Shadow(seed)) {
            for (int sequence = 0; sequence < stores; sequence++) {
                shadow.store(sequence * 5000L & ~7, 8, sequence);
                if (looks) {
                    shadow.loadHash(1L << 40 | (long) sequence << 13, 4);
                }
            }
            return shadow.digest();
        }
    }

    @Test
    void closingGivesTheMemoryBack() {
        Shadow shadow = new Shadow(1);
        shadow.store(0, 1, 0);
        assertEquals(1 << 20, shadow.nativeBytes());
        shadow.close();
        assertEquals(0, shadow.nativeBytes());
    }
}
