package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.experiment.Experiment;
import farpage.emulator.experiment.ExperimentAmount;
import farpage.emulator.experiment.ExperimentOption;
import farpage.emulator.experiment.ExperimentSetting;
import farpage.emulator.experiment.FindingChart;
import farpage.emulator.experiment.FindingChart.Kind;
import farpage.emulator.experiment.FindingChart.Series;
import farpage.emulator.experiment.FindingColumn;
import farpage.emulator.experiment.FindingRow;
import farpage.emulator.experiment.FindingTable;
import farpage.emulator.experiment.FindingUnit;
import farpage.emulator.experiment.Findings;
import farpage.emulator.experiment.Quantiles;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

/// What is printed of an experiment whose figures are made up.
final class ExperimentReportTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    /// An experiment that never runs.
    private static final class MadeUp implements Experiment {
        @Override
        public String name() {
            return "made-up";
        }

        @Override
        public String question() {
            return "Is a < b & c?";
        }

        @Override
        public String today() {
            return "It is not known. ".repeat(12).strip();
        }

        @Override
        public String design() {
            return "It is.";
        }

        @Override
        public Set<ExperimentOption> options() {
            return Set.of();
        }

        @Override
        public List<FindingChart> charts() {
            Map<String, String> all = Map.of();
            return List.of(
                    new FindingChart(
                            Kind.LINES_OVER_BYTES,
                            "Rate",
                            "rates",
                            "GB/s",
                            "size",
                            all,
                            List.of(Series.where("new", "gbps", "design", "new"))),
                    new FindingChart(
                            Kind.BARS,
                            "Parts",
                            "rates",
                            "µs",
                            "design",
                            all,
                            List.of(Series.of("a", "parts.a"), Series.of("b", "parts.b"))),
                    new FindingChart(
                            Kind.LINES,
                            "Of no such table",
                            "others",
                            "µs",
                            "size",
                            all,
                            List.of(Series.of("a", "gbps"))));
        }

        @Override
        public void check(ExperimentAmount amount) {}

        @Override
        public Findings run(ExperimentSetting setting) {
            throw new AssertionError("never run");
        }
    }

    private static ExperimentReport report() {
        List<FindingColumn> columns =
                List.of(
                        FindingColumn.of("design", "design", FindingUnit.TEXT),
                        FindingColumn.of("size", "size", FindingUnit.BYTES),
                        FindingColumn.of("micros", "p50", FindingUnit.MICROS),
                        FindingColumn.of("micros", "p99", FindingUnit.MICROS_P99),
                        FindingColumn.of("gbps", "GB/s", FindingUnit.GBPS),
                        FindingColumn.of("part", "part", FindingUnit.SHARE),
                        FindingColumn.of("met", "met", FindingUnit.TEXT),
                        FindingColumn.hidden("parts", FindingUnit.NUMBER));
        Quantiles nanos = new Quantiles(3, 1500, 2000, 2_500_000, 2_500_000, 2_500_000);
        FindingRow small =
                FindingRow.of("new 4 KiB")
                        .put("design", "new")
                        .put("size", 4096)
                        .put("micros", nanos)
                        .put("gbps", 1.234)
                        .put("part", 0.25)
                        .put("met", true)
                        .put("parts", Map.of("a", 1.0, "b", 2.0));
        FindingRow large =
                FindingRow.of("new 2 MiB")
                        .put("design", "new")
                        .put("size", 2 << 20)
                        .put("gbps", 12.0);
        FindingRow skipped =
                FindingRow.skipped("today 1 TiB", "needs 16 GiB").put("design", "today");
        FindingTable table =
                new FindingTable(
                        "rates", "Rates, by size", columns, List.of(small, large, skipped));
        return new ExperimentReport(
                new MadeUp(),
                new Findings(
                        "three things, once",
                        List.of(table),
                        List.of("The new one is faster."),
                        List.of("It is a model.")),
                new Row().put("device", "made <up> & \"quoted\"").put("seed", 7));
    }

    private String printed(OutputFormat format) {
        report().print(format, out);
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void textHasTheQuestionTheTablesAndTheReading() {
        String text = printed(OutputFormat.TEXT);
        assertTrue(text.contains("experiment   made-up, seed 7\n"), text);
        assertTrue(text.lines().allMatch(line -> line.length() <= 98), text);
        assertTrue(
                text.contains(
                        """

                        Rates, by size
                        design   size  p50   p99   GB/s  part  met
                        new     4 KiB  1.5  2500   1.23  25 %  yes
                        new     2 MiB             12.00
                        today                                       needs 16 GiB

                        found        The new one is faster.
                        not shown    It is a model.
                        """),
                text);
    }

    @Test
    void rowsHaveEveryFieldOnceAndSayWhatWasSkipped() {
        List<String> lines = printed(OutputFormat.JSON).lines().toList();
        assertEquals(4, lines.size());
        assertEquals(
                "{\"schema\":\"farpage.bench/1\",\"bench\":\"experiment\",\"status\":\"ok\","
                        + "\"name\":\"new 2 MiB\",\"experiment\":\"made-up\",\"table\":\"rates\","
                        + "\"design\":\"new\",\"size\":2097152,\"gbps\":12.0,\"verified\":true}",
                lines.get(2));
        assertTrue(lines.get(1).contains("\"micros\":{\"median\":1.5,\"p50\":1.5,"), lines.get(1));
        assertTrue(
                lines.get(3).contains("\"status\":\"skipped\",\"reason\":\"needs 16 GiB\""),
                lines.get(3));
        assertFalse(lines.get(3).contains("verified"), lines.get(3));
    }

    @Test
    void pageIsWellFormedAndNeedsNothingButItself() throws Exception {
        new ExperimentPage(report()).print(out);
        String page = bytes.toString(StandardCharsets.UTF_8);
        Document document =
                DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(new InputSource(new StringReader(page)));
        assertEquals("html", document.getDocumentElement().getNodeName());
        assertEquals(2, document.getElementsByTagName("svg").getLength());
        assertEquals(1, document.getElementsByTagName("table").getLength());
        for (String outside : List.of("http", "src=", "href=", "url(", "<script", "@import")) {
            assertFalse(page.contains(outside), outside);
        }
        assertTrue(page.contains("made &lt;up&gt; &amp; &quot;quoted&quot;"), page);
        assertTrue(page.contains("Is a &lt; b &amp; c?"), page);
        assertTrue(page.contains("needs 16 GiB"), page);
    }
}
