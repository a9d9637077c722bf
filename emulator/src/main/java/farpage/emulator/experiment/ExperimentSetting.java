package farpage.emulator.experiment;

import farpage.emulator.EmulatorConfig;
import java.util.function.DoubleConsumer;
import java.util.function.LongSupplier;

/// With what an experiment runs.
///
/// @param config binding, OpenCL device and the way of copies; the sizes in it are not used
/// @param seed of contents and of every choice
/// @param progress is told from time to time how much is done, 0 to 1; it may throw to stop
/// @kernel tools/testing/selftests/mm/hmm-tests.c: FIXTURE_SETUP
public record ExperimentSetting(
        EmulatorConfig config,
        ExperimentAmount amount,
        long seed,
        LongSupplier nanoClock,
        DoubleConsumer progress) {}
