package farpage.emulator.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class KernelTraceTest {
    /// Every operation, in the form that the writer gives.
    private static final String EVERY_OPERATION =
            """
            === all-1
            map A 15 private
            map B 24 shared-anon
            map C 24 memfd-shared
            map D 1 memfd-private
            unmap A 3 2
            write A 0 18446744073709551615
            write1 A 1 4095 255
            read A 262143
            sum A 0 262144
            protect A 0 1 none
            protect A 0 1 r
            protect A 0 1 rw
            mremap A 0 3 B 262141
            madvise A 0 1 dontneed
            madvise A 0 1 populate-write
            ksmscan
            fork-begin
            dread A 0 4
            fork-end
            dread A 0 4 @1
            dwrite A 0 4 7
            dwrite A 0 4 7 @1
            migdev A 0 4
            migsys A 0 4 @1
            snap A 0 4
            excl A 0 4 @1
            chkexcl A 0 4
            map E 3 file-shared
            fread E 2
            fwrite E 0 77
            ftruncate E 5000
            fpunch E 100 4000
            fsync E
            join A 0 512
            join A 0 512 @1
            release
            release @1
            flags 1
            flags 2 @1
            """;

    private static List<KernelTrace> parse(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        return KernelTrace.read(TraceInput.of("k.trace", new ByteArrayInputStream(bytes)));
    }

    @Test
    void everyOperationIsWrittenAsItWasRead() {
        KernelTrace trace = parse(EVERY_OPERATION).getFirst();
        assertEquals(EVERY_OPERATION, KernelTraceWriter.format(trace));
    }

    @Test
    void tracesOperationsAndLinesAreTold() {
        List<KernelTrace> traces =
                parse("# remark\n\n=== a\nmap A 1 private\n\n=== b\n  read\tA   0 \n");
        assertEquals(List.of("a", "b"), traces.stream().map(KernelTrace::name).toList());
        assertEquals(6, traces.get(1).line());
        KernelOperation.ReadPage read =
                assertInstanceOf(
                        KernelOperation.ReadPage.class, traces.get(1).operations().getFirst());
        assertEquals(7, read.line());
        assertEquals("A", read.region());
    }

    @Test
    void deviceIsZeroUnlessSaid() {
        List<KernelOperation> operations =
                parse("=== a\nsnap A 0 1\nsnap A 0 1 @0\nsnap A 0 1 @1\n").getFirst().operations();
        List<Integer> devices =
                operations.stream()
                        .map(operation -> ((KernelOperation.OnDevice) operation).device())
                        .toList();
        assertEquals(List.of(0, 0, 1), devices);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "mapp A 1 private | 'mapp' | chkexcl, join, release or flags",
                "map A 1 | the end of the line after '1' | a kind of mapping",
                "map A 1 private x | 'x' | the end of the line",
                "map A 0 private | '0' | a number of pages from 1 to 262144",
                "map A 262145 private | '262145' | a number of pages from 1 to 262144",
                "map 7 1 private | '7' | the name of a region",
                "map A 1 shared | 'shared' | memfd-private",
                "sum A 262143 2 | '2' | a number of pages from 1 to 1",
                "sum A 262144 1 | '262144' | a page index from 0 to 262143",
                "sum A -1 1 | '-1' | a page index",
                "sum A +1 1 | '+1' | a page index",
                "sum A 99999999999 1 | '99999999999' | a page index",
                "write A 0 -1 | '-1' | a seed from 0 to 2^64 - 1",
                "write A 0 18446744073709551616 | '18446744073709551616' | a seed",
                "write1 A 0 4096 1 | '4096' | a byte offset from 0 to 4095",
                "write1 A 0 0 256 | '256' | a byte from 0 to 255",
                "protect A 0 1 rwx | 'rwx' | none, r or rw",
                "madvise A 0 1 please | 'please' | one of dontneed, remove",
                "mremap A 0 3 B 262142 | '262142' | a page index from 0 to 262141",
                "dread A 0 1 @2 | '@2' | '@0' or '@1'",
                "fork-end | 'fork-end' outside of a fork | 'fork-begin' before it",
                "fork-begin | 'fork-begin' that never ends | 'fork-end' in the same trace",
                "===  | '===' | '=== NAME'",
                "=== a b | '=== a b' | '=== NAME'"
            })
    void wrongWordIsNamedWithWhatWouldBeRight(String line, String found, String wanted) {
        TraceFormatException failure =
                assertThrows(TraceFormatException.class, () -> parse("=== a\nread A 0\n" + line));
        assertEquals(3, failure.line());
        String message = failure.getMessage();
        assertTrue(message.startsWith("k.trace:3: found " + found), message);
        assertTrue(message.contains(wanted), message);
    }

    @Test
    void operationBeforeAnyHeaderIsAnError() {
        assertEquals(
                "k.trace:1: found 'read A 0', expected '=== NAME' before any operation",
                assertThrows(TraceFormatException.class, () -> parse("read A 0\n")).getMessage());
    }

    @Test
    void nestedForkIsAnError() {
        assertThrows(
                TraceFormatException.class,
                () -> parse("=== a\nfork-begin\nfork-begin\nfork-end\n"));
    }

    @Test
    void seventeenthRegionIsAnError() {
        StringBuilder text = new StringBuilder("=== a\n");
        for (int region = 0; region < 16; region++) {
            text.append("read R").append(region).append(" 0\n");
        }
        assertEquals(16, parse(text.toString()).getFirst().operations().size());
        TraceFormatException failure =
                assertThrows(TraceFormatException.class, () -> parse(text + "read R16 0\n"));
        assertTrue(failure.getMessage().contains("at most 16 regions"), failure.getMessage());
        assertEquals(2, parse(text + "=== b\nread R16 0\n").size());
    }

    @Test
    void damagedTraceEndsInItsOwnErrorOnly() {
        Random random = new Random(99);
        int failures = 0;
        for (int round = 0; round < 3000; round++) {
            char[] damaged = EVERY_OPERATION.toCharArray();
            for (int change = random.nextInt(3); change >= 0; change--) {
                damaged[random.nextInt(damaged.length)] = (char) random.nextInt(128);
            }
            try {
                parse(new String(damaged));
            } catch (TraceFormatException _) {
                failures++;
            }
        }
        assertTrue(failures > 1500, "only " + failures + " of the damaged traces were refused");
    }
}
