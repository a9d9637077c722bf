package farpage.emulator.selftest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

final class SelftestSuiteTest {
    private final List<SelftestRun> runs = SelftestSuite.runs();
    private final List<String> names = runs.stream().map(SelftestRun::name).toList();

    @Test
    void everyUpstreamCaseRunsOnBothKindsOfDevice() {
        assertEquals(78, runs.size());
        assertEquals(78, names.stream().distinct().count());
        assertEquals(39, runs.stream().map(SelftestRun::caseName).distinct().count());
    }

    @Test
    void orderIsThatOfTheKernelsProgram() {
        assertEquals(
                List.of(
                        "hmm.hmm_device_private",
                        "hmm.hmm_device_coherent",
                        "hmm2.hmm2_device_private",
                        "hmm2.hmm2_device_coherent"),
                runs.stream().map(SelftestRun::testCase).distinct().toList());
        assertEquals("hmm.hmm_device_private.open_close", names.getFirst());
        assertEquals("hmm.hmm_device_private.migrate_file_private", names.get(12));
        assertEquals("hmm.hmm_device_private.userfaultfd_read", names.get(35));
        assertEquals("hmm.hmm_device_coherent.open_close", names.get(36));
        assertEquals("hmm2.hmm2_device_private.migrate_mixed", names.get(72));
        assertEquals("hmm2.hmm2_device_coherent.double_map", names.getLast());
    }
}
