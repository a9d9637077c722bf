package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/// `report` on results that are made up.
final class ReportCommandTest {
    private static final String SCHEMA = "{\"schema\":\"farpage.bench/1\",";

    @TempDir Path folder = Path.of("");

    private final TestEnvironment environment = new TestEnvironment();

    private static String context(String name) {
        return SCHEMA
                + "\"context\":\"bench\",\"version\":\"1\",\"binding\":\"lwjgl\",\"seed\":7,"
                + "\"device\":\"made <up> & \\\"quoted\\\"\",\"unifiedHostMemory\":true,"
                + "\"name\":\""
                + name
                + "\",\"quick\":true}";
    }

    private static String row(String bench, String fields) {
        return SCHEMA + "\"bench\":\"%s\",\"status\":\"ok\",%s}".formatted(bench, fields);
    }

    private static String rate(String name, double median) {
        return "\"%s\":{\"median\":%s,\"p99\":%s,\"reps\":7}".formatted(name, median, median / 2);
    }

    private static List<String> copyRun() {
        List<String> lines = new ArrayList<>(List.of(context("copy")));
        for (int batch : new int[] {1, 16, 512}) {
            for (String layout : List.of("contiguous", "scattered")) {
                lines.add(
                        row(
                                "copy",
                                "\"method\":\"plan\",\"direction\":\"h2d\",\"layout\":\"%s\","
                                                .formatted(layout)
                                        + "\"pageBytes\":4096,\"batchPages\":%d,\"inFlight\":1,"
                                                .formatted(batch)
                                        + "\"bytes\":%d,".formatted(4096 * batch)
                                        + rate("gbps", 1 + batch)
                                        + ","
                                        + rate("rawGbps", 2 + batch)
                                        + ",\"ratio\":0.9,"
                                        + rate("patternGbps", 3 + batch)));
            }
        }
        return lines;
    }

    private static List<String> migrateRun() {
        List<String> lines = new ArrayList<>(List.of(context("migrate")));
        for (int batch : new int[] {16, 512}) {
            lines.add(
                    row(
                            "migrate",
                            "\"direction\":\"toDevice\",\"order\":0,\"layout\":\"scattered\","
                                    + "\"batchPages\":%d,\"bytes\":67108864,".formatted(batch)
                                    + rate("gbps", batch)
                                    + ","
                                    + rate("rawGbps", batch)
                                    + ",\"ratio\":1.0,\"phaseMicros\":{\"collect\":1.0,\"unmap\":2,"
                                    + "\"allocate\":3,\"copy\":40.5,\"pages\":5,\"finish\":6}"));
        }
        return lines;
    }

    private static List<String> faultRun() {
        String times =
                "{\"median\":10.0,\"p50\":10.0,\"p90\":20.0,\"p99\":30.0,\"p999\":90.0,"
                        + "\"max\":100.0,\"reps\":9}";
        return List.of(
                context("fault"),
                row(
                        "fault",
                        "\"kind\":\"cpu\",\"order\":0,\"micros\":%s,\"rawMicros\":%s,"
                                        .formatted(times, times)
                                + "\"ratio\":1.0,\"modelMicros\":%s".formatted(times)),
                SCHEMA
                        + "\"bench\":\"fault\",\"status\":\"failed\",\"reason\":\"byte <5> is"
                        + " wrong\",\"kind\":\"cpu\",\"order\":9}",
                SCHEMA
                        + "\"bench\":\"fault\",\"status\":\"skipped\",\"reason\":\"no memory\","
                        + "\"kind\":\"device\",\"order\":9}");
    }

    private static List<String> metadataRun() {
        String place = "\"layout\":\"runs\",\"threads\":2,\"pages\":9";
        return List.of(
                context("metadata"),
                row(
                        "metadata",
                        "\"what\":\"migrateRoundTrip\",%s,".formatted(place)
                                + rate("toDevicePagesPerSecond", 2e7)
                                + ","
                                + rate("toSystemPagesPerSecond", 1e7)),
                row(
                        "metadata",
                        "\"what\":\"pageTableWalk\",%s,".formatted(place)
                                + rate("pagesPerSecond", 1e8)),
                row(
                        "metadata",
                        "\"what\":\"bytesPerPage\",%s,\"bytesPerPage\":8.0".formatted(place)));
    }

    private Path write(List<String> lines) throws IOException {
        return Files.write(folder.resolve("results.json"), lines);
    }

    private Document page(List<String> lines) throws Exception {
        Path html = folder.resolve("page.html");
        assertEquals(
                0,
                environment.run("report", write(lines).toString(), "--html=" + html),
                environment.err());
        String text = Files.readString(html);
        for (String outside : List.of("http", "src=", "href=", "url(", "<script", "@import")) {
            assertFalse(text.contains(outside), outside);
        }
        for (String broken : List.of("NaN", "Infinity", "null")) {
            assertFalse(text.contains(broken), broken);
        }
        for (String needed :
                List.of("width=device-width", "prefers-color-scheme", "@media print")) {
            assertTrue(text.contains(needed), needed);
        }
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(text)));
    }

    private static List<String> texts(Document page, String element) {
        NodeList found = page.getElementsByTagName(element);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < found.getLength(); i++) {
            texts.add(found.item(i).getTextContent());
        }
        return texts;
    }

    @Test
    void pageHasTheChartsAndRowsOfEachRun() throws Exception {
        List<String> all =
                Stream.of(copyRun(), migrateRun(), faultRun(), metadataRun())
                        .flatMap(List::stream)
                        .toList();
        Document page = page(all);
        assertEquals(
                List.of("bench copy", "bench migrate", "bench fault", "bench metadata"),
                texts(page, "h2"));
        assertEquals(
                List.of(
                        "To the device: throughput by the size of one transfer",
                        "To the device: throughput by the pages of a batch, scattered",
                        "To the device: throughput by the pages of a command, folios of 4 KiB,"
                                + " scattered",
                        "To the device: time for 4 KiB by phase, folios of 4 KiB, by the pages of a"
                                + " command",
                        "A CPU's fault: latency by percentile",
                        "A CPU's fault: where the time for 4 KiB goes",
                        "A page there and back without the copies, by the order of the pages",
                        "Looking a page up in a page table, by the order of the pages",
                        "Heap for a device page in use"),
                texts(page, "figcaption"));
        assertEquals(9, page.getElementsByTagName("svg").getLength());
        assertEquals(4, page.getElementsByTagName("table").getLength());
        assertEquals(4 + 6 + 2 + 3 + 3, page.getElementsByTagName("tr").getLength());
        assertTrue(texts(page, "dd").getFirst().startsWith("made <up> & \"quoted\", "));
        assertEquals(
                "%s: 4 runs; 12 ok, 1 failed, 1 skipped\n".formatted(folder.resolve("page.html")),
                environment.out());
    }

    @Test
    void limitsAreLinesOfTheirOwn() throws Exception {
        List<String> texts = texts(page(copyRun()), "text");
        for (String name :
                List.of("plan", "one plain OpenCL transfer", "memcpy of the same pages")) {
            assertTrue(texts.contains(name), texts.toString());
        }
    }

    @Test
    void rowsThatAreNotAsTheyShouldBeSayWhy() throws Exception {
        Document page = page(faultRun());
        assertTrue(texts(page, "td").contains("failed: byte <5> is wrong"));
        assertTrue(texts(page, "td").contains("skipped: no memory"));
        assertTrue(texts(page, "dd").contains("1 ok, 1 failed, 1 skipped"));
    }

    @Test
    void rowsThatNothingIsKnownAboutAreATable() throws Exception {
        Document page = page(List.of(context("new"), row("new", "\"name\":\"x\",\"speed\":3")));
        assertEquals(0, page.getElementsByTagName("svg").getLength());
        assertEquals(List.of("3"), texts(page, "td"));
    }

    @Test
    void programsGetARow() throws Exception {
        String file = write(copyRun()).toString();
        String html = folder.resolve("page.html").toString();
        assertEquals(0, environment.run("report", file, "--html=" + html, "--format=json"));
        String row = environment.outLines().getLast();
        assertTrue(row.contains("\"runs\":1,\"ok\":6,\"failed\":0,\"skipped\":0"), row);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | has no context and rows",
                "'{\"schema\":\"farpage.bench/1\",\"context\":\"bench\"}' | has no context and rows",
                "'{\"schema\":\"other/1\",\"context\":\"bench\"}' | line 1: no \"schema\"",
                "'[1]' | line 1: no object",
                "'\n\n{\"schema\":' | line 3: ",
                "'{\"schema\":\"farpage.bench/1\",\"x\":null}' | line 1: a value of x",
            })
    void wrongFileIsOneErrorAndChangesNothing(String content, String message) throws Exception {
        Path html = Files.writeString(folder.resolve("page.html"), "before");
        Path file = Files.writeString(folder.resolve("wrong.json"), content);
        assertEquals(2, environment.run("report", file.toString(), "--html=" + html));
        assertTrue(environment.err().contains(message), environment.err());
        assertTrue(environment.err().contains("wrong.json"), environment.err());
        assertTrue(environment.err().contains("right would be"), environment.err());
        assertEquals(1, environment.err().lines().count(), environment.err());
        assertEquals("before", Files.readString(html));
    }

    @Test
    void fileThatIsNotThereOrNoTextIsOneError() throws Exception {
        String html = "--html=" + folder.resolve("page.html");
        assertEquals(2, environment.run("report", folder + "/none.json", html));
        assertTrue(environment.err().contains("it does not exist"), environment.err());
        Path binary = Files.write(folder.resolve("b"), new byte[] {(byte) 0xff, (byte) 0xfe, 1});
        assertEquals(2, environment.run("report", binary.toString(), html));
        assertTrue(environment.err().contains("it is no text in UTF-8"), environment.err());
        assertEquals(2, environment.err().lines().count(), environment.err());
        assertFalse(Files.exists(folder.resolve("page.html")));
    }

    @Test
    void pageNeedsAName() throws Exception {
        String file = write(copyRun()).toString();
        assertEquals(2, environment.run("report", file));
        assertTrue(environment.err().contains("--html"), environment.err());
        assertEquals(2, environment.run("report", file, "--html=" + folder + "/no/page.html"));
        assertTrue(environment.err().contains("its folder does not exist"), environment.err());
        assertEquals("", environment.out().getBytes(StandardCharsets.UTF_8).length == 0 ? "" : "x");
    }
}
