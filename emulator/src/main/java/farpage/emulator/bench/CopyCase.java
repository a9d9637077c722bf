package farpage.emulator.bench;

import farpage.emulator.copy.CopyMethod;
import farpage.mm.PageSize;
import java.util.Optional;

/// One row of `bench copy`.
///
/// @param method the only one to use, or empty for what the device's plan chooses
/// @param direction of the copies
/// @param layout of the pages on both sides
/// @param batchPages base pages of a batch
/// @param inFlight how many batches may be under way
/// @param bytes of all batches together
/// @opencl None: a choice of commands
public record CopyCase(
        Optional<CopyMethod> method,
        TransferDirection direction,
        PageLayout layout,
        int batchPages,
        int inFlight,
        long bytes) {
    /// The name of the method in reports where the plan chooses.
    public static final String BY_PLAN = "plan";

    /// The most batches under way.
    public static final int IN_FLIGHT_MAX = 4;

    /// Checks the limits.
    public CopyCase {
        if (batchPages < 1) {
            throw new IllegalArgumentException("batchPages: value=" + batchPages + ", limit=1");
        }
        if (inFlight < 1 || inFlight > IN_FLIGHT_MAX) {
            throw new IllegalArgumentException(
                    "inFlight: value=" + inFlight + ", limit=1 to " + IN_FLIGHT_MAX);
        }
        if (bytes <= 0 || bytes % PageSize.pageAddress(batchPages) != 0) {
            throw new IllegalArgumentException(
                    "bytes: value=" + bytes + ", limit=n*" + PageSize.pageAddress(batchPages));
        }
    }

    /// The name of its method in reports.
    public String methodLabel() {
        return method.map(CopyMethod::label).orElse(BY_PLAN);
    }

    int pageCount() {
        return Math.toIntExact(PageSize.pageNumber(bytes));
    }

    @Override
    public String toString() {
        return "%s %s %s batch %d in flight %d"
                .formatted(methodLabel(), direction, layout, batchPages, inFlight);
    }
}
