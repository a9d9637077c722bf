package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.experiment.Direction;
import farpage.emulator.experiment.FolioPath;
import farpage.emulator.experiment.LargeFolioPlan;
import farpage.emulator.experiment.LargeFolioResult;
import farpage.emulator.experiment.MoveCost;
import farpage.emulator.experiment.MoveUnit;
import farpage.emulator.experiment.Quantiles;
import farpage.mm.migrate.MigratePhase;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

/// What is printed of figures that are made up: bookkeeping of 1 µs and 100 ns for each folio.
final class LargeFolioReportTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static LargeFolioReport report(List<Integer> orders) {
        LargeFolioPlan plan = new LargeFolioPlan(32L << 20, 3, 1, orders);
        List<MoveCost> costs = new ArrayList<>();
        for (MoveUnit unit : MoveUnit.values()) {
            for (Direction direction : Direction.values()) {
                for (int order : orders) {
                    costs.add(cost(unit, order, FolioPath.WHOLE, direction));
                    if (order > 0) {
                        costs.add(cost(unit, order, FolioPath.SPLIT, direction));
                    }
                }
            }
        }
        return new LargeFolioReport(
                Experiment.LARGE_FOLIOS,
                new LargeFolioResult(plan, costs),
                new Row()
                        .put("device", "made <up> & \"quoted\"")
                        .put("unifiedHostMemory", true)
                        .put("seed", 7));
    }

    private static MoveCost cost(MoveUnit unit, int order, FolioPath path, Direction direction) {
        long pages =
                switch (unit) {
                    case BLOCK -> 512;
                    case RANGE -> 8192;
                    case FAULT -> 1L << order;
                };
        long folios = path == FolioPath.SPLIT ? pages : Math.max(1, pages >> order);
        long bookkeeping = 1000 + 100 * folios;
        long copy = 400 * pages;
        long total = bookkeeping + copy;
        return new MoveCost(
                unit,
                order,
                path,
                direction,
                4096 * pages,
                pages,
                new Quantiles(30, total, total + 10, total + 100, total + 200, total + 300),
                copy / 2,
                bookkeeping,
                copy,
                Map.of(MigratePhase.COPY, copy, MigratePhase.PAGES, bookkeeping / 2));
    }

    @Test
    void textComparesOneLargeFolioWithAllItsPages() {
        report(LargeFolioPlan.ORDERS).print(OutputFormat.TEXT, out);
        String text = printed().replaceAll("\\s+", " ");
        assertTrue(
                text.contains(
                        "To the device, one folio of 2 MiB takes 1.1 µs of bookkeeping, 512 base pages"
                                + " take 52.2 µs: 47.5 times as much. The goal is met."),
                text);
        assertTrue(text.contains("are those of 16 KiB (order 2): 13.8 µs for 2 MiB."), text);
        assertTrue(text.contains("that has to be split takes 52.2 µs of bookkeeping."), text);
        assertTrue(text.contains("experiment large-folios, seed 7 "), text);
        assertTrue(printed().lines().allMatch(line -> line.length() <= 110), printed());
    }

    @Test
    void rowsTellEveryUnitOrderWayAndDirection() {
        report(LargeFolioPlan.ORDERS).print(OutputFormat.JSON, out);
        List<String> lines = printed().lines().toList();
        assertEquals(1 + 3 * 2 * 17 + 2, lines.size());
        String block = lines.get(1);
        assertTrue(
                block.startsWith(
                        "{\"schema\":\"farpage.bench/1\",\"bench\":\"experiment\",\"status\":\"ok\","
                                + "\"name\":\"block toDevice order 0 whole\","),
                block);
        assertTrue(block.contains("\"bookkeepingMicros\":52.2,\"copyMicros\":204.8,"), block);
        assertTrue(block.contains("\"phaseMicros\":{\"collect\":0.0,"), block);
        assertTrue(
                lines.getLast().contains("\"goalMicros\":10.0,\"goalMet\":true"), lines.getLast());
        assertFalse(printed().contains("NaN"));
    }

    @Test
    void withoutBothEndsNothingIsCompared() {
        report(List.of(4)).print(OutputFormat.JSON, out);
        assertEquals(1 + 3 * 2 * 2, printed().lines().count());
    }

    @ParameterizedTest
    @ValueSource(strings = {"0,2,3,4,5,6,7,8,9", "0", "9"})
    void pageIsWellFormedAndNeedsNothingButItself(String orders) throws Exception {
        List<Integer> list =
                java.util.Arrays.stream(orders.split(",", -1)).map(Integer::valueOf).toList();
        new LargeFolioPage(report(list)).print(out);
        String page = printed();
        Document document =
                DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(new InputSource(new StringReader(page)));
        assertEquals("html", document.getDocumentElement().getNodeName());
        assertEquals(8, document.getElementsByTagName("svg").getLength());
        for (String outside : List.of("http", "src=", "href=", "url(", "<script", "@import")) {
            assertFalse(page.contains(outside), outside);
        }
        for (String broken : List.of("NaN", "Infinity")) {
            assertFalse(page.contains(broken), broken);
        }
        assertTrue(page.contains("made &lt;up&gt; &amp; &quot;quoted&quot;"), page);
        assertTrue(page.contains("width=device-width"), page);
        assertTrue(page.contains("prefers-color-scheme: dark"), page);
        assertTrue(page.contains("@media print"), page);
    }
}
