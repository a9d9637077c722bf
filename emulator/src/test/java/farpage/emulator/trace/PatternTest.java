package farpage.emulator.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class PatternTest {
    @Test
    void hashOfKnownTextsIsKnown() {
        assertEquals("cbf29ce484222325", Fnv1a64.format(hash("")));
        assertEquals("af63dc4c8601ec8c", Fnv1a64.format(hash("a")));
        assertEquals("85944171f73967e8", Fnv1a64.format(hash("foobar")));
        assertEquals("00000000000000ff", Fnv1a64.format(0xff));
    }

    private static long hash(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        return Fnv1a64.update(Fnv1a64.START, bytes, 0, bytes.length);
    }

    @Test
    void hashOfAFreshPageIsTheRecordedOne() {
        assertEquals(
                "b93a0c83ce3b6325",
                Fnv1a64.format(Fnv1a64.update(Fnv1a64.START, new byte[4096], 0, 4096)));
    }

    @Test
    void hashGoesOnAcrossAnyCut() {
        Random random = new Random(3);
        byte[] bytes = new byte[300];
        random.nextBytes(bytes);
        java.util.Arrays.fill(bytes, 40, 90, (byte) 0);
        long bytewise = Fnv1a64.START;
        for (byte value : bytes) {
            bytewise = Fnv1a64.updateByte(bytewise, value);
        }
        for (int cut = 0; cut <= bytes.length; cut++) {
            long hash = Fnv1a64.update(Fnv1a64.START, bytes, 0, cut);
            assertEquals(bytewise, Fnv1a64.update(hash, bytes, cut, bytes.length - cut));
        }
    }

    @Test
    void patternIsTakenAfterTheStepLowestByteFirst() {
        byte[] bytes = new byte[24];
        PatternGenerator generator = new PatternGenerator(1);
        generator.fill(MemorySegment.ofArray(bytes), 8, 16);
        long first = 6364136223846793005L + 1442695040888963407L;
        for (int index = 0; index < 8; index++) {
            assertEquals(0, bytes[index]);
            assertEquals((byte) (first >>> (8 * index)), bytes[8 + index]);
        }
        PatternGenerator again = new PatternGenerator(1);
        assertEquals(first, again.next());
        long second = again.next();
        assertEquals((byte) second, bytes[16]);
        assertEquals(again.next(), generator.next());
    }

    @Test
    void patternOfPartOfAWordIsRefused() {
        MemorySegment target = MemorySegment.ofArray(new byte[16]);
        assertThrows(
                IllegalArgumentException.class, () -> new PatternGenerator(0).fill(target, 0, 9));
    }
}
