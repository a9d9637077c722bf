package farpage.workload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import farpage.emulator.trace.AccessBatch;
import farpage.emulator.trace.GoldenResults;
import farpage.emulator.trace.GoldenTrace;
import farpage.emulator.trace.KernelTrace;
import farpage.emulator.trace.KernelTraceWriter;
import farpage.emulator.trace.LackeyReader;
import farpage.emulator.trace.TraceInput;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Reads what was really recorded.
final class TraceReadingTest {
    private static TraceInput open(String resource) {
        InputStream stream = TraceReadingTest.class.getResourceAsStream(resource);
        assertNotNull(stream, resource);
        return TraceInput.of(resource, stream);
    }

    @ParameterizedTest
    @CsvSource({"basic, 24, 2745", "release, 13, 1686", "twodev, 19, 2369", "protect, 26, 3320"})
    void recordedTracesHaveOneResultForEachOperation(String group, int traceCount, int lineCount) {
        List<KernelTrace> traces = KernelTrace.read(open("/traces/kernel/" + group + ".trace.gz"));
        List<GoldenTrace> golden =
                GoldenResults.read(open("/traces/kernel/" + group + ".golden.gz"));
        assertEquals(traceCount, traces.size());
        assertEquals(
                traces.stream().map(KernelTrace::name).toList(),
                golden.stream().map(GoldenTrace::name).toList());
        int lines = 0;
        for (int index = 0; index < traces.size(); index++) {
            KernelTrace trace = traces.get(index);
            List<String> results = golden.get(index).results();
            assertEquals(trace.operations().size(), results.size(), trace.name());
            for (int operation = 0; operation < results.size(); operation++) {
                assertEquals(
                        (operation + 1) + " " + trace.operations().get(operation).word(),
                        results.get(operation).replaceFirst("^([0-9]+ [^ ]+) .*", "$1"));
            }
            byte[] rewritten = KernelTraceWriter.format(trace).getBytes(StandardCharsets.US_ASCII);
            KernelTrace again =
                    KernelTrace.read(TraceInput.of("again", new ByteArrayInputStream(rewritten)))
                            .getFirst();
            assertEquals(KernelTraceWriter.format(trace), KernelTraceWriter.format(again));
            lines += results.size();
        }
        assertEquals(lineCount, lines);
    }

    @Test
    void readingCreatesNothingPerAccess() {
        byte[] input =
                " L 1ffeffe7e0,16\nI  0401ab70,3\n"
                        .repeat(200_000)
                        .getBytes(StandardCharsets.US_ASCII);
        AccessBatch batch = new AccessBatch(4096);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        TraceInput trace = TraceInput.of("t.txt", new ByteArrayInputStream(input));
        try (LackeyReader reader = new LackeyReader(trace)) {
            assertTrue(reader.next(batch));
            long before = threads.getCurrentThreadAllocatedBytes();
            while (reader.next(batch)) {
                assertTrue(batch.count() > 0);
            }
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(allocated < 100_000, allocated + " bytes for 400000 accesses");
            assertEquals(400_000, reader.accessCount());
        }
    }
}
