package farpage.emulator.calibration;

import farpage.emulator.copy.CopyMethod;
import farpage.emulator.copy.CopyPlan;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What measuring a device found.
///
/// @param plan the choice
/// @param rates all that was timed to the end; what had no prospects is not here
/// @param dropped the methods that failed, with the reason
/// @param nanos what it took, without the first copy of each kind, before which kernels are built
/// @param preparationNanos what those first copies took
/// @opencl None: a measurement
public record CalibrationResult(
        CopyPlan plan,
        List<CopyRate> rates,
        Map<CopyMethod, String> dropped,
        long nanos,
        long preparationNanos) {
    /// Keeps lists and maps unmodifiable.
    public CalibrationResult {
        rates = List.copyOf(rates);
        dropped =
                dropped.isEmpty() ? Map.of() : Collections.unmodifiableMap(new EnumMap<>(dropped));
    }

    /// The rate of a method in one layout, if it was timed.
    public Optional<CopyRate> rate(PlanDirection direction, CopyLayout layout, CopyMethod method) {
        return rates.stream()
                .filter(rate ->
                        rate.direction() == direction
                                && rate.layout().equals(layout)
                                && rate.method() == method)
                .findFirst();
    }
}
