package farpage.emulator.copy;

import farpage.mm.Machine;
import farpage.mm.migrate.MigrateOffload;
import java.util.Optional;
import java.util.function.LongSupplier;

/// How the ordinary migrations of an emulator's machine copy.
///
/// ```
/// config.withMigrateOffload(MigrateOffloadPlan.of(OffloadProvider.DEVICE))
/// ```
///
/// @param threads that copy, for [OffloadProvider#THREADS]
/// @param batchPages a batch is complete with as many pages
/// @kernel mm/migrate.c: NR_MAX_BATCHED_MIGRATION
public record MigrateOffloadPlan(OffloadProvider provider, int threads, int batchPages) {
    /// Threads where nothing else is asked for.
    public static final int THREADS_DEFAULT = 4;

    /// As Linux 7.0: folio by folio.
    public static final MigrateOffloadPlan OFF = of(OffloadProvider.NONE);

    /// Checks the limits.
    public MigrateOffloadPlan {
        if (threads < 1 || threads > ThreadFolioCopier.THREADS_MAX) {
            throw new IllegalArgumentException(
                    "threads: value=" + threads + ", limit=1 to " + ThreadFolioCopier.THREADS_MAX);
        }
        MigrateOffload _ = MigrateOffload.OFF.withBatchPages(batchPages);
    }

    /// Everything else by default.
    public static MigrateOffloadPlan of(OffloadProvider provider) {
        return new MigrateOffloadPlan(
                provider, THREADS_DEFAULT, MigrateOffload.BATCH_PAGES_DEFAULT);
    }

    public MigrateOffloadPlan withThreads(int count) {
        return new MigrateOffloadPlan(provider, count, batchPages);
    }

    public MigrateOffloadPlan withBatchPages(int pages) {
        return new MigrateOffloadPlan(provider, threads, pages);
    }

    /// Opens the one who copies.
    ///
    /// @param device stays the caller's
    /// @return empty where the migrating CPU does
    public Optional<FolioCopier> open(Machine machine, CopyDevice device, LongSupplier nanoClock) {
        return switch (provider) {
            case NONE, CPU -> Optional.empty();
            case THREADS ->
                    Optional.of(new ThreadFolioCopier(machine.ram().segment(), threads, nanoClock));
            case DEVICE -> Optional.of(new DeviceFolioCopier(device, nanoClock));
        };
    }

    /// What the machine is set to.
    public MigrateOffload setting(Optional<FolioCopier> copier) {
        MigrateOffload offload =
                provider == OffloadProvider.NONE
                        ? MigrateOffload.OFF
                        : copier.map(MigrateOffload::batch).orElse(MigrateOffload.batch());
        return offload.withBatchPages(batchPages);
    }
}
