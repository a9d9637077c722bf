package farpage.emulator.copy;

import farpage.mm.migrate.FolioCopyOffload;

/// Somebody who copies the folios of ordinary migrations, with counters.
///
/// @kernel drivers/migoffc: struct migrator
public interface FolioCopier extends FolioCopyOffload, AutoCloseable {
    FolioCopierStatistics statistics();

    /// No migration uses it any more.
    @Override
    void close();
}
