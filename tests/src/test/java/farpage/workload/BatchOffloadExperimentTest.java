package farpage.workload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.experiment.ExperimentAmount;
import farpage.emulator.experiment.ExperimentSetting;
import farpage.emulator.experiment.FindingRow;
import farpage.emulator.experiment.FindingTable;
import farpage.emulator.experiment.Findings;
import farpage.emulator.experiment.batchoffload.BatchOffload;
import farpage.emulator.workload.DataMismatchException;
import farpage.emulator.workload.WorkloadException;
import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import farpage.opencl.inject.FaultPlan;
import farpage.opencl.inject.InjectingBinding;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `batch-offload` on real devices. The figures of so few moves mean nothing.
final class BatchOffloadExperimentTest {
    private final FaultPlan faults = FaultPlan.explicit();

    private Findings run(String binding, boolean inPlace) {
        try (ClBinding opened = new InjectingBinding(ClBindings.open(binding), faults)) {
            EmulatorConfig config =
                    EmulatorConfig.of(opened, opened.devices().getFirst()).withInPlace(inPlace);
            ExperimentAmount amount =
                    new ExperimentAmount(
                            ExperimentAmount.DEFAULT.withBytes(2L << 20).bytes(),
                            ExperimentAmount.DEFAULT.withRuns(1).runs(),
                            ExperimentAmount.DEFAULT.withRuns(0).runs(),
                            List.of(0, 9));
            return new BatchOffload()
                    .run(new ExperimentSetting(config, amount, 1, config.nanoClock(), done -> {}));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"lwjgl", "jocl"})
    @Tag("T-11.6")
    void everyWayMovesEverySizeInEveryBatch(String binding) {
        Findings findings = run(binding, true);
        List<FindingTable> tables = findings.tables();
        assertEquals(2, tables.size());
        for (FindingTable table : tables) {
            assertEquals(3 * 4, table.rows().size());
            for (FindingRow row : table.rows()) {
                boolean fits = table.equals(tables.getFirst()) || row.name().contains("of 1,");
                assertEquals(fits, row.skipped().isEmpty(), row.name());
                assertEquals(fits, row.values().containsKey("gbps"), row.name());
            }
        }
        assertEquals(4, findings.found().size());
    }

    @Test
    void bytesThatADeviceCopiesWrongAreFound() {
        faults.corrupt(CallKind.WRITE, 5, 123);
        assertThrows(DataMismatchException.class, () -> run("lwjgl", false));
    }

    @Test
    void figuresOfADeviceThatFailedAreNotShown() {
        faults.fail(CallKind.READ, 3, ClError.OUT_OF_RESOURCES);
        WorkloadException failure =
                assertThrows(WorkloadException.class, () -> run("lwjgl", false));
        assertTrue(failure.toString().contains("failed to copy"), failure.toString());
    }
}
