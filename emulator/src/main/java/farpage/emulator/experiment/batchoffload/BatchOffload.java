package farpage.emulator.experiment.batchoffload;

import farpage.emulator.experiment.Experiment;
import farpage.emulator.experiment.ExperimentAmount;
import farpage.emulator.experiment.ExperimentOption;
import farpage.emulator.experiment.ExperimentSetting;
import farpage.emulator.experiment.FindingChart;
import farpage.emulator.experiment.Findings;
import java.util.List;
import java.util.Set;

/// `batch-offload`: ordinary migrations that copy whole batches, by threads or a device.
///
/// @kernel mm/migrate.c: migrate_pages_batch
public final class BatchOffload implements Experiment {
    /// One is as good as another.
    public BatchOffload() {}

    @Override
    public String name() {
        return "batch-offload";
    }

    @Override
    public String question() {
        return "What does it gain to copy a batch of unmapped folios at once, by threads or by a"
                + " device?";
    }

    @Override
    public String today() {
        return "An ordinary migration unmaps a batch of folios; then each is copied by the migrating"
                + " CPU, moved and mapped again, one after the other.";
    }

    @Override
    public String design() {
        return "Between unmapping and moving the contents of the whole batch are copied in one step,"
                + " by the CPU, by "
                + BatchPlan.THREADS
                + " threads, or by the OpenCL device.";
    }

    @Override
    public Set<ExperimentOption> options() {
        return Set.of(ExperimentOption.values());
    }

    @Override
    public List<FindingChart> charts() {
        return BatchTables.charts();
    }

    @Override
    public void check(ExperimentAmount amount) {
        BatchPlan _ = BatchPlan.of(amount);
    }

    @Override
    public Findings run(ExperimentSetting setting) {
        BatchPlan plan = BatchPlan.of(setting.amount());
        BatchMeasurement measured =
                new BatchMeasurement(setting.config(), plan, setting.seed(), setting.nanoClock());
        measured.run(setting.progress());
        BatchReading reading = new BatchReading(measured);
        boolean isUnified = setting.config().devices().getFirst().info().hostUnifiedMemory();
        return new Findings(
                "%s of anonymous memory, %d runs after %d to warm up; medians; all data compared"
                        .formatted(BatchTables.size(plan.bytes()), plan.runs(), plan.warmUpRuns()),
                BatchTables.of(measured),
                reading.findings(),
                reading.limits(isUnified));
    }
}
