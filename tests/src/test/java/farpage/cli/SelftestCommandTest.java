package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.opencl.inject.CallKind;
import farpage.opencl.inject.FaultPlan;
import farpage.opencl.inject.InjectingBinding;
import farpage.testing.opencl.FakeClBinding;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `selftest` as a user and as a reader of kselftest's output sees it.
final class SelftestCommandTest {
    private static CommandRun selftest(String... args) {
        List<String> words = new java.util.ArrayList<>(List.of("selftest", "--quiet"));
        words.addAll(List.of(args));
        return CommandRun.on(_ -> FakeClBinding.open(), words.toArray(String[]::new));
    }

    @Test
    void tapIsWhatTheKernelsHarnessPrints() {
        CommandRun run = selftest("--format=tap", "device_private.anon_read", "*.anon_write_huge");
        assertEquals(0, run.exitCode(), run.toString());
        assertEquals(
                """
                TAP version 13
                1..5
                # Starting 5 tests from 2 test cases.
                #  RUN           hmm.hmm_device_private.anon_read ...
                #            OK  hmm.hmm_device_private.anon_read
                ok 1 hmm.hmm_device_private.anon_read
                #  RUN           hmm.hmm_device_private.anon_read_prot ...
                #            OK  hmm.hmm_device_private.anon_read_prot
                ok 2 hmm.hmm_device_private.anon_read_prot
                #  RUN           hmm.hmm_device_private.anon_write_huge ...
                #            OK  hmm.hmm_device_private.anon_write_huge
                ok 3 hmm.hmm_device_private.anon_write_huge
                #  RUN           hmm.hmm_device_private.anon_read_multiple ...
                #            OK  hmm.hmm_device_private.anon_read_multiple
                ok 4 hmm.hmm_device_private.anon_read_multiple
                #  RUN           hmm.hmm_device_coherent.anon_write_huge ...
                #            OK  hmm.hmm_device_coherent.anon_write_huge
                ok 5 hmm.hmm_device_coherent.anon_write_huge
                # PASSED: 5 / 5 tests passed.
                # Totals: pass:5 fail:0 xfail:0 xpass:0 skip:0 error:0
                """,
                run.out());
    }

    /// One byte of what comes back from the device is inverted.
    @ParameterizedTest
    @ValueSource(strings = {"tap", "text", "json", "csv"})
    void caseThatFailsIsReportedAndExitCode1(String format) {
        FaultPlan plan = FaultPlan.explicit().corrupt(CallKind.READ, 1, 4096);
        CommandRun run =
                CommandRun.on(
                        _ -> new InjectingBinding(FakeClBinding.open(), plan),
                        "selftest",
                        "--quiet",
                        "--format=" + format,
                        "*private.migrate",
                        "hmm_device_private.open_close");
        assertEquals(1, run.exitCode(), run.toString());
        assertTrue(run.out().contains("MigrateCases.java:"), run.out());
        assertTrue(run.out().contains(":Expected "), run.out());
        if (format.equals("tap")) {
            assertTrue(
                    run.out()
                            .contains(
                                    """
                                    # migrate: Test failed
                                    #          FAIL  hmm.hmm_device_private.migrate
                                    not ok 2 hmm.hmm_device_private.migrate
                                    """),
                    run.out());
            assertTrue(run.out().contains("\n# FAILED: "), run.out());
            assertTrue(run.out().contains(" fail:1 xfail:0 "), run.out());
        }
    }

    @Test
    void listNamesEveryRunInUpstreamOrderAndNeedsNoDevice() {
        CommandRun run =
                CommandRun.on(
                        name -> {
                            throw new AssertionError(name);
                        },
                        "selftest",
                        "--list");
        assertEquals(0, run.exitCode(), run.toString());
        assertEquals(78, run.outLines().size());
        assertEquals("hmm.hmm_device_private.open_close", run.outLines().getFirst());
        assertEquals("hmm2.hmm2_device_coherent.double_map", run.outLines().getLast());
    }

    @Test
    void patternsArePartsOfNamesOrGlobs() {
        assertEquals(
                List.of("hmm2.hmm2_device_private.snapshot", "hmm2.hmm2_device_coherent.snapshot"),
                selftest("--list", "snapshot").outLines());
        assertEquals(4, selftest("--list", "hmm*.file_*").outLines().size());
        assertEquals(4, selftest("--list", "file_*").outLines().size());
        assertEquals(2, selftest("--list", "migrate?shared").outLines().size());
        assertEquals(
                3,
                selftest("--list", "hmm2_device_private", "*private.double_map").outLines().size());
    }

    @Test
    void patternThatFitsNothingIsAUsageError() {
        CommandRun run = selftest("anon_read", "no_such_case");
        assertEquals(2, run.exitCode());
        assertTrue(run.err().startsWith("farpage: no case fits 'no_such_case'; right"), run.err());
        assertTrue(run.out().isEmpty());
        assertEquals(2, selftest("mig[rate").exitCode());
    }

    @Test
    void jsonHasARowForEachRun() {
        CommandRun run = selftest("--format=json", "open_close", "*.anon_write_huge");
        assertEquals(0, run.exitCode(), run.toString());
        assertEquals(5, run.outLines().size());
        assertTrue(run.outLines().getFirst().contains("\"context\":\"selftest\""));
        assertTrue(run.outLines().getFirst().contains("\"seed\":1"));
        assertTrue(
                run.outLines()
                        .get(1)
                        .endsWith(
                                "\"bench\":\"selftest\",\"status\":\"ok\",\"name\":\"hmm.hmm_device_private.open_close\",\"case\":\"open_close\",\"variant\":\"hmm_device_private\",\"printed\":[]}"),
                run.outLines().get(1));
        assertTrue(run.outLines().get(2).contains("\"status\":\"ok\""));
    }

    @Test
    void textEndsWithTheCounts() {
        CommandRun run = selftest("device_private.open_close", "*private.anon_write_huge");
        assertTrue(run.out().startsWith("selftest  2 runs, seed 1\n"), run.out());
        assertTrue(run.out().endsWith("\n2 passed, 0 failed, 0 skipped\n"), run.out());
    }

    @Test
    void benchmarkPrintsTheKernelsTableAndTheTimesOfTheBareMigrationsBelow() {
        CommandRun run =
                selftest(
                        "--format=tap",
                        "--memory=24MiB",
                        "hmm_device_private.benchmark_thp_migration");
        assertEquals(0, run.exitCode(), run.toString());
        List<String> lines = run.outLines();
        int title = lines.indexOf("=== Two THP Size (4MB) (4.0 MB) ===");
        assertTrue(title > 0, run.out());
        assertTrue(lines.contains("HMM THP Migration Benchmark"), run.out());
        assertTrue(lines.contains("System page size: 4096 bytes"), run.out());
        List<String> table =
                lines.subList(title + 1, title + 9).stream()
                        .map(line -> line.replaceAll("-?\\d+\\.", "N.").replaceAll("\\d+ ", "N "))
                        .map(line -> line.replaceAll("\\d+%", "N%").replaceAll(" +", " "))
                        .toList();
        assertEquals(
                List.of(
                        " | With THP | Without THP | Improvement",
                        "-".repeat(69),
                        "Sys->Dev Migration | N.N ms | N.N ms | N.N%",
                        "Dev->Sys Migration | N.N ms | N.N ms | N.N%",
                        "S->D Throughput | N.N GB/s | N.N GB/s | N.N%",
                        "D->S Throughput | N.N GB/s | N.N GB/s | N.N%",
                        "Sys->Dev bare | N.N ms | N.N ms | N.N%",
                        "Dev->Sys bare | N.N ms | N.N ms | N.N%"),
                table);
        int tooLarge = lines.indexOf("=== Eight THP Size (16MB) (16.0 MB) ===");
        assertEquals("not measured: the machine has too little memory", lines.get(tooLarge + 1));
    }
}
