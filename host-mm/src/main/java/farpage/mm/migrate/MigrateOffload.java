package farpage.mm.migrate;

import java.util.Optional;

/// How ordinary migrations of a machine copy.
///
/// @param mode when contents are copied
/// @param batchPages a batch is complete with as many pages; it has one folio at least
/// @param offload who copies a batch; empty for the CPU that migrates, which does so too whenever
///   the offload does not
/// @kernel mm/migrate.c: NR_MAX_BATCHED_MIGRATION
public record MigrateOffload(
        FolioCopyMode mode, int batchPages, Optional<FolioCopyOffload> offload) {
    /// Pages of a batch where nothing else is asked for: a huge page.
    public static final int BATCH_PAGES_DEFAULT = 512;

    /// The most pages of a batch.
    public static final int BATCH_PAGES_MAX = 1 << 18;

    /// As Linux: folio by folio.
    public static final MigrateOffload OFF =
            new MigrateOffload(FolioCopyMode.SINGLE, BATCH_PAGES_DEFAULT, Optional.empty());

    /// Checks the limits.
    public MigrateOffload {
        if (batchPages < 1 || batchPages > BATCH_PAGES_MAX) {
            throw new IllegalArgumentException(
                    "batchPages: value=" + batchPages + ", limit=1 to " + BATCH_PAGES_MAX);
        }
        if (mode == FolioCopyMode.SINGLE && offload.isPresent()) {
            throw new IllegalArgumentException("offload: value=one, limit=none in mode SINGLE");
        }
    }

    /// Batches that the migrating CPU copies.
    public static MigrateOffload batch() {
        return new MigrateOffload(FolioCopyMode.BATCH, BATCH_PAGES_DEFAULT, Optional.empty());
    }

    /// Batches that somebody else copies.
    public static MigrateOffload batch(FolioCopyOffload offload) {
        return new MigrateOffload(FolioCopyMode.BATCH, BATCH_PAGES_DEFAULT, Optional.of(offload));
    }

    /// The same with another limit.
    public MigrateOffload withBatchPages(int pages) {
        return new MigrateOffload(mode, pages, offload);
    }
}
