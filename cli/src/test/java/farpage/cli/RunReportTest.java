package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.workload.MigrationRate;
import farpage.emulator.workload.ResidencyMap;
import farpage.emulator.workload.ResidencyPicture;
import farpage.emulator.workload.RunSummary;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class RunReportTest {
    private static final RunSummary SUMMARY =
            new RunSummary(
                    new RunSummary.Accesses(1_000_000, 300_000, 150_000, 2_000, 1_000_000, 452_100),
                    new RunSummary.Faults(1234, 567),
                    new RunSummary.Transfer(2048, 8L << 20, 4_000_000),
                    new RunSummary.Transfer(1024, 4L << 20, 4_000_000),
                    12,
                    new RunSummary.Times(1, 2, 3, 4, 2_000_000_000),
                    1_302_000,
                    0xabcL);
    private static final MigrationRate RATE = new MigrationRate(64L << 20, 20, 10, 40, 30);
    private static final RunReport REPORT =
            new RunReport(
                    new RunReport.Setting("t.gz", "pthread", "jocl", 7, 1L << 30, 64L << 20),
                    SUMMARY,
                    new RunReport.Swap(16L << 20, 3000, 2000),
                    "# /proc/1/maps\n");

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    @Test
    void textReportEndsWithTheDigest() {
        ResidencyMap map = new ResidencyMap(4, 16);
        map.beginSample();
        map.add(1, ResidencyMap.Place.DEVICE);
        REPORT.printText(
                out, map, new ResidencyPicture(ResidencyPicture.Glyphs.ASCII, false), RATE);
        String text = bytes.toString(StandardCharsets.UTF_8);
        assertTrue(text.endsWith("\n# /proc/1/maps\ndigest 0000000000000abc\n"), text);
        assertTrue(text.contains("accesses     1,452,000: 1,000,000 fetches"), text);
        assertTrue(
                text.contains("swap         16 MiB: 3,000 pages written, 2,000 read back\n"), text);
        assertTrue(text.contains("to device    2,048 pages, 8 MiB copied at 2.10 GB/s\n"), text);
        assertTrue(text.contains("12 of the pages to make room"), text);
        assertTrue(text.contains("0.7 million accesses/s"), text);
        assertTrue(text.contains("|#|"), text);
        assertTrue(text.contains("64 MiB of base pages migrate to the device"), text);
        assertTrue(text.contains("(0.50 of it)"), text);
    }

    @Test
    void rowsTellTheWorkloadAndBothDirectionsOfMigration() {
        REPORT.printRows(new JsonOutput(out), new Row().put("seed", 7), RATE);
        String[] lines = bytes.toString(StandardCharsets.UTF_8).split("\n", -1);
        assertEquals(5, lines.length);
        assertTrue(lines[1].contains("\"bench\":\"run\",\"status\":\"ok\""), lines[1]);
        assertTrue(
                lines[1].endsWith(
                        "\"digest\":\"0000000000000abc\",\"views\":[\"# /proc/1/maps\"]}"),
                lines[1]);
        assertTrue(lines[2].contains("\"direction\":\"toDevice\""), lines[2]);
        assertTrue(lines[3].contains("\"ratio\":0.75"), lines[3]);
    }
}
