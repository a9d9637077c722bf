package farpage.emulator.bench;

import farpage.emulator.svm.RangeMigrator;
import farpage.mm.PageSize;

/// One row of `bench migrate`, both ways.
///
/// @param order of the folios
/// @param layout contiguous: one range; scattered: folios at random, in memory and by address
/// @param batchPages base pages of one command
/// @param inFlight commands under way at once
/// @param bytes of all commands together
/// @kernel lib/test_hmm.c: HMM_DMIRROR_MIGRATE_TO_DEV, HMM_DMIRROR_MIGRATE_TO_SYS
public record MigrateCase(int order, PageLayout layout, int batchPages, int inFlight, long bytes) {
    /// Checks the limits.
    public MigrateCase {
        if (order < 0 || order == 1 || order > PageSize.HPAGE_PMD_ORDER) {
            throw new IllegalArgumentException("order: value=" + order + ", limit=0, 2 to 9");
        }
        if (batchPages < 1 << order || batchPages % (1 << order) != 0) {
            throw new IllegalArgumentException(
                    "batchPages: value=" + batchPages + ", limit=n*" + (1 << order));
        }
        if (inFlight < 1 || inFlight > RangeMigrator.IN_FLIGHT_MAX) {
            throw new IllegalArgumentException(
                    "inFlight: value=" + inFlight + ", limit=1 to " + RangeMigrator.IN_FLIGHT_MAX);
        }
        if (bytes <= 0 || bytes % PageSize.pageAddress(batchPages) != 0) {
            throw new IllegalArgumentException(
                    "bytes: value=" + bytes + ", limit=n*" + PageSize.pageAddress(batchPages));
        }
    }

    int pageCount() {
        return Math.toIntExact(PageSize.pageNumber(bytes));
    }

    int folioPages() {
        return 1 << order;
    }

    @Override
    public String toString() {
        return "order %d %s batch %d flying %d".formatted(order, layout, batchPages, inFlight);
    }
}
