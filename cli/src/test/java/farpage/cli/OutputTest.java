package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

final class OutputTest {
    private static String print(OutputFormat format) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        RowOutput rows = RowOutput.of(format, out);
        rows.context(new Row().put("seed", 7).put("name", "a \"b\""));
        rows.row(
                Row.ok("copy")
                        .put("gbps", 1.0 / 3)
                        .put("verified", true)
                        .put("inner", new Row().put("p50", 2))
                        .put("list", List.of("x", "y")));
        rows.row(Row.failed("copy", "slow, too").put("name", "second"));
        rows.row(Row.skipped("copy", "no GPU").put("name", "third"));
        rows.end();
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void jsonIsOneObjectALineWithTheContextFirst() {
        assertEquals(
                """
                {"seed":7,"name":"a \\"b\\""}
                {"schema":"farpage.bench/1","bench":"copy","status":"ok","gbps":0.333333,"verified":true,"inner":{"p50":2},"list":["x","y"]}
                {"schema":"farpage.bench/1","bench":"copy","status":"failed","reason":"slow, too","name":"second"}
                {"schema":"farpage.bench/1","bench":"copy","status":"skipped","reason":"no GPU","name":"third"}
                """,
                print(OutputFormat.JSON));
    }

    @Test
    void csvHasTheNamesOfAllRowsAndQuotesWhatNeedsIt() {
        assertEquals(
                """
                # seed: 7
                # name: a "b"
                schema,bench,status,gbps,verified,inner.p50,list,reason,name
                farpage.bench/1,copy,ok,0.3333333333333333,true,2,x y,,
                farpage.bench/1,copy,failed,,,,,"slow, too",second
                farpage.bench/1,copy,skipped,,,,,no GPU,third
                """,
                print(OutputFormat.CSV));
    }

    @Test
    void tapHasAPlanAResultALineAndTotals() {
        assertEquals(
                """
                TAP version 13
                # seed: 7
                # name: a "b"
                1..3
                ok 1 copy
                # slow, too
                not ok 2 second
                ok 3 third # SKIP no GPU
                # Totals: pass:1 fail:1 xfail:0 xpass:0 skip:1 error:0
                """,
                print(OutputFormat.TAP));
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    void whatIsNoNumberIsNotWritten(double value) {
        assertThrows(IllegalArgumentException.class, () -> new Row().put("gbps", value));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 0 bytes",
        "4095, 4095, 4.0 KiB",
        "512b, 512, 512 bytes",
        "4k, 4096, 4 KiB",
        "4K, 4096, 4 KiB",
        "2MiB, 2097152, 2 MiB",
        "2mi, 2097152, 2 MiB",
        "1G, 1073741824, 1 GiB",
        "1536M, 1610612736, 1.5 GiB",
        "3T, 3298534883328, 3 TiB"
    })
    void sizesAreBinary(String text, long bytes, String printed) {
        assertEquals(bytes, new SizeConverter().convert(text));
        assertEquals(printed, SizeConverter.format(bytes));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "k",
                "4KB",
                "4MB",
                "-1",
                "1.5G",
                "4 k k",
                "9999999999999999999",
                "99999999T"
            })
    void whatIsNoSizeIsRefused(String text) {
        assertThrows(TypeConversionException.class, () -> new SizeConverter().convert(text));
    }

    @Test
    void progressShowsOnATerminalOnlyAndWipesItself() {
        TestEnvironment test = new TestEnvironment();
        try (ProgressBar bar = new ProgressBar(test.environment(), false, "run")) {
            bar.update(0.5, "x");
        }
        assertEquals("", test.err());
        test.isTerminal = true;
        try (ProgressBar bar = new ProgressBar(test.environment(), true, "run")) {
            bar.update(0.5, "x");
        }
        assertEquals("", test.err());
        test.variables.put("TERM", "dumb");
        try (ProgressBar bar = new ProgressBar(test.environment(), false, "run")) {
            bar.update(0.5, "x");
        }
        assertEquals("", test.err());
        test.variables.put("TERM", "xterm");
        try (ProgressBar bar = new ProgressBar(test.environment(), false, "run")) {
            test.nanos += 2_000_000_000;
            bar.update(0.5, "x");
            test.nanos += 1;
            bar.update(0.6, "too early");
        }
        assertEquals(
                "\r\u001b[Krun [###############...............]  50 %  x  2 s left\r\u001b[K",
                test.err());
    }
}
