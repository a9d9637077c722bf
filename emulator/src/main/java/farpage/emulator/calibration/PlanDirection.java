package farpage.emulator.calibration;

import farpage.emulator.copy.CopyPlan;
import farpage.emulator.copy.CopyTable;
import java.util.Arrays;
import java.util.Optional;

/// Where a copy between RAM and device memory goes.
///
/// @opencl clEnqueueWriteBuffer, clEnqueueReadBuffer
public enum PlanDirection {
    TO_DEVICE("toDevice"),
    TO_SYSTEM("toSystem");

    private final String label;

    PlanDirection(String label) {
        this.label = label;
    }

    /// The name in reports and stored results, which never changes.
    public String label() {
        return label;
    }

    /// The direction of a label.
    public static Optional<PlanDirection> lookup(String label) {
        return Arrays.stream(values()).filter(known -> known.label.equals(label)).findFirst();
    }

    /// What a plan says for this direction.
    public CopyTable table(CopyPlan plan) {
        return switch (this) {
            case TO_DEVICE -> plan.toDevice();
            case TO_SYSTEM -> plan.toSystem();
        };
    }

    @Override
    public String toString() {
        return label;
    }
}
