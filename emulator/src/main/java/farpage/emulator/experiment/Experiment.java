package farpage.emulator.experiment;

import java.util.List;
import java.util.Set;

/// A design from the kernel's mailing lists beside what Linux does today, measured in one run on
/// real copies. All data is compared.
///
/// @kernel Documentation/mm/hmm.rst: the threads on device memory that followed it
public interface Experiment {
    /// On the command line.
    String name();

    /// What it is to find out, as a question.
    String question();

    /// What Linux 7.0 does.
    String today();

    /// What is tried here.
    String design();

    /// What of the setting it looks at; the rest is refused before it runs. Not every one knows
    /// orders.
    default Set<ExperimentOption> options() {
        return Set.of(ExperimentOption.SIZE, ExperimentOption.RUNS, ExperimentOption.WARM_UP);
    }

    /// Pictures of its tables.
    List<FindingChart> charts();

    /// Looks at what the user set before anything is made.
    ///
    /// @throws IllegalArgumentException if it can not do with a value: what, value and limit
    void check(ExperimentAmount amount);

    /// Measures.
    ///
    /// @param setting with an amount that was checked
    /// @throws farpage.emulator.workload.DataMismatchException if data differ
    /// @throws farpage.emulator.workload.WorkloadException if it can not be measured
    Findings run(ExperimentSetting setting);
}
