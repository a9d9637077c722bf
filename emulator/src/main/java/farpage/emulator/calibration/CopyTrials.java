package farpage.emulator.calibration;

import farpage.emulator.copy.CopyMethod;
import java.util.Optional;
import java.util.Set;

/// Something on which ways of copying can be tried: a device, or a script in a test.
///
/// @opencl None: what is done with commands, not a command
interface CopyTrials {
    /// The ways that there are.
    Set<CopyMethod> methods();

    /// Copies a batch once and compares what arrived.
    ///
    /// @return what is wrong with the method, or nothing
    Optional<String> prove(CopyMethod method, PlanDirection direction, CopyLayout layout);

    /// Copies a batch that was proved.
    ///
    /// @return nanoseconds
    long time(CopyMethod method, PlanDirection direction, CopyLayout layout);
}
