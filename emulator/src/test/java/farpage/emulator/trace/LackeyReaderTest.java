package farpage.emulator.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LackeyReaderTest {
    private static final String SAMPLE =
            """
            ==4628== Lackey, an example Valgrind tool
            --4628-- a remark
            ==4628==\s
            I  0401ab70,3
             S 1fff000688,8
             L 1ffeffe7e0,16
             M 0421c7cc,4
            **4628** from the program

            ==4628== Exit code:       0
            """;

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] gzip(byte[] plain) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream stream = new GZIPOutputStream(packed)) {
            stream.write(plain);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return packed.toByteArray();
    }

    private static List<String> read(byte[] input, int batchCapacity) {
        List<String> accesses = new ArrayList<>();
        TraceInput trace = TraceInput.of("t.txt", new ByteArrayInputStream(input));
        try (LackeyReader reader = new LackeyReader(trace)) {
            AccessBatch batch = new AccessBatch(batchCapacity);
            while (reader.next(batch)) {
                for (int index = 0; index < batch.count(); index++) {
                    accesses.add(batch.describe(index));
                }
            }
        }
        return accesses;
    }

    private static TraceFormatException failure(byte[] input) {
        return assertThrows(TraceFormatException.class, () -> read(input, 7));
    }

    @Test
    void everyKindOfAccessIsRead() {
        assertEquals(
                List.of(
                        "access 0: I 401ab70,3",
                        "access 1: S 1fff000688,8",
                        "access 2: L 1ffeffe7e0,16",
                        "access 3: M 421c7cc,4"),
                read(bytes(SAMPLE), 100));
    }

    @Test
    void gzipIsRecognizedByItsMagicBytes() {
        assertEquals(read(bytes(SAMPLE), 3), read(gzip(bytes(SAMPLE)), 3));
    }

    @Test
    void carriageReturnsAndCapitalDigitsDoNoHarm() {
        assertEquals(
                List.of("access 0: L 1ffeffe7e0,16"), read(bytes(" L 1FFEFFE7E0,16\r\n\r\n"), 4));
    }

    @Test
    void skippedLinesAreCounted() {
        TraceInput trace = TraceInput.of("t.txt", new ByteArrayInputStream(bytes(SAMPLE)));
        try (LackeyReader reader = new LackeyReader(trace)) {
            AccessBatch batch = new AccessBatch(100);
            assertTrue(reader.next(batch));
            assertFalse(reader.next(batch));
            assertEquals(6, reader.skippedLineCount());
            assertEquals(10, reader.lineCount());
            assertEquals(4, reader.accessCount());
        }
    }

    @Test
    void linesThatCrossTheBufferAreWhole() {
        StringBuilder text = new StringBuilder();
        List<String> expected = new ArrayList<>();
        Random random = new Random(7);
        while (text.length() < 3_000_000) {
            long address =
                    random.nextLong(
                            LackeyReader.USER_SPACE_START, LackeyReader.USER_SPACE_END - 4096);
            int size = 1 + random.nextInt(4096);
            text.append(String.format(" S %x,%d\n", address, size));
            expected.add(String.format("access %d: S %x,%d", expected.size(), address, size));
        }
        assertEquals(expected, read(gzip(bytes(text.toString())), 1000));
    }

    @Test
    void lastAddressOfUserSpaceIsAllowed() {
        assertEquals(List.of("access 0: L 7fffffffeff8,8"), read(bytes(" L 7fffffffeff8,8\n"), 1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                " L 7fffffffeff9,8\n",
                " L 7ffffffff000,1\n",
                " L 8000000000000000,8\n",
                " L ffffffffff600000,8\n",
                " L 10000000000000000,8\n",
                " L fffffffffffffffffffffffffffffffffffffffffffffffffffffff,8\n"
            })
    void addressBeyondUserSpaceIsNamed(String line) {
        TraceFormatException failure = failure(bytes("I  10000,1\n" + line));
        assertEquals(2, failure.line());
        assertTrue(failure.getMessage().contains("user space"), failure.getMessage());
        assertTrue(failure.getMessage().startsWith("t.txt:2: found ' L "), failure.getMessage());
    }

    @Test
    void addressThatNobodyMayMapIsNamedWithItsLine() {
        TraceFormatException failure = failure(bytes("I  10000,1\n S ffff,8\n"));
        assertEquals(
                "t.txt:2: found ' S ffff,8', expected an address that can be mapped, from 10000",
                failure.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {" L 10000,0\n", " L 10000,4097\n", " S 10000,99999\n"})
    void absurdSizeIsNamed(String line) {
        assertTrue(failure(bytes(line)).getMessage().contains("a size from 1 to 4096"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "L 10000,8\n",
                " L 10000\n",
                " L 10000 ,8\n",
                " L ,8\n",
                " L 10000,\n",
                " L 10000,8 \n",
                " L 10000,8x\n",
                " L 10000,-8\n",
                " L 10000,123456\n",
                " L xyz,8\n",
                " L  10000,8\n",
                "I 10000,8\n",
                " I 10000,8\n",
                " X 10000,8\n",
                "hello world\n",
                "====\n",
                "== ==\n",
                " \n",
                " L \n",
                "\u0000\u0001\u00ff\n"
            })
    void garbageIsAnErrorThatShowsALineThatIsRight(String line) {
        TraceFormatException failure = failure(bytes(" L 10000,8\n" + line + " L 10000,8\n"));
        assertEquals(2, failure.line());
        assertTrue(failure.getMessage().contains("' L 1ffeffe7e0,8'"), failure.getMessage());
        assertFalse(failure.getMessage().contains("\n"), failure.getMessage());
    }

    @Test
    void lastLineWithoutNewlineIsTakenAsCutOff() {
        TraceFormatException failure = failure(bytes(" L 10000,8\n L 20000,1"));
        assertEquals(2, failure.line());
        assertTrue(failure.getMessage().contains("cut off"), failure.getMessage());
    }

    @Test
    void recordingWithoutAccessIsAnError() {
        assertTrue(failure(bytes("")).getMessage().contains("no access"));
        assertTrue(failure(bytes("==1== x\n")).getMessage().contains("--trace-mem=yes"));
    }

    @Test
    void endlessLineIsAnError() {
        byte[] endless = new byte[1 << 20];
        Arrays.fill(endless, (byte) 'a');
        assertTrue(failure(endless).getMessage().contains("a line longer than"));
    }

    @Test
    void compressedFileThatEndsEarlyIsAnErrorWhereverItIsCut() {
        byte[] packed = gzip(bytes(SAMPLE.repeat(50)));
        for (int length = 2; length < packed.length; length++) {
            TraceFormatException failure = failure(Arrays.copyOf(packed, length));
            assertTrue(failure.getMessage().contains("gzip"), failure.getMessage());
        }
    }

    @Test
    void missingFileIsNamed() {
        TraceFormatException failure =
                assertThrows(
                        TraceFormatException.class,
                        () ->
                                TraceInput.open(
                                        "/no/such/file", new ByteArrayInputStream(bytes(""))));
        assertEquals(
                "/no/such/file: found no such file, expected the path of a recording",
                failure.getMessage());
    }

    @Test
    void damagedInputEndsInItsOwnErrorOnly() {
        Random random = new Random(20_261_121);
        byte[] plain = bytes(SAMPLE.repeat(20));
        int failures = 0;
        for (int round = 0; round < 2000; round++) {
            boolean isPacked = random.nextInt(4) == 0;
            byte[] damaged = isPacked ? gzip(plain) : plain.clone();
            int changes = 1 + random.nextInt(4);
            for (int change = 0; change < changes; change++) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            if (random.nextInt(3) == 0) {
                damaged = Arrays.copyOf(damaged, random.nextInt(damaged.length));
            }
            try {
                read(damaged, 1 + random.nextInt(64));
            } catch (TraceFormatException _) {
                failures++;
            }
        }
        assertTrue(failures > 1000, "only " + failures + " of the damaged inputs were refused");
    }
}
