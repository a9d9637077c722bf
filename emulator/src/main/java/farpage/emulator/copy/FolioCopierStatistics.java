package farpage.emulator.copy;

/// What a [FolioCopier] has done so far.
///
/// @param batches that were copied
/// @param pages base pages in them
/// @param nanos that copying them took
/// @param busy batches that came while another was under way, and were declined
/// @param failures batches that a command failed for
/// @kernel drivers/migoffc/dcbm/dcbm.c: folios_migrated, folios_failures
public record FolioCopierStatistics(
        long batches, long pages, long nanos, long busy, long failures) {}
