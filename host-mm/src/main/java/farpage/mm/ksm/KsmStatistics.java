package farpage.mm.ksm;

import java.util.Locale;

/// The merger's counts at one moment.
///
/// @param pagesShared merged pages in use
/// @param pagesSharing mappings of them beyond the first of each: pages saved
/// @param pagesUnshared pages that were compared and had no equal
/// @param pagesVolatile pages that changed too fast to be compared
/// @param pagesScanned pages looked at so far
/// @param pagesSkipped pages left out because they had no equal for long
/// @param zeroPages mappings of the zero page that are in the place of pages of zeros
/// @param fullScans passes over all processes
/// @param stableNodeChains contents that more than one merged page have
/// @param stableNodeDups the merged pages of those
/// @kernel mm/ksm.c: /sys/kernel/mm/ksm
public record KsmStatistics(
        long pagesShared,
        long pagesSharing,
        long pagesUnshared,
        long pagesVolatile,
        long pagesScanned,
        long pagesSkipped,
        long zeroPages,
        long fullScans,
        long stableNodeChains,
        long stableNodeDups) {

    /// A line each, by the names of the files in `/sys/kernel/mm/ksm`.
    public String text() {
        return String.format(
                Locale.ROOT,
                """
                pages_shared %d
                pages_sharing %d
                pages_unshared %d
                pages_volatile %d
                pages_scanned %d
                pages_skipped %d
                ksm_zero_pages %d
                full_scans %d
                stable_node_chains %d
                stable_node_dups %d
                """,
                pagesShared,
                pagesSharing,
                pagesUnshared,
                pagesVolatile,
                pagesScanned,
                pagesSkipped,
                zeroPages,
                fullScans,
                stableNodeChains,
                stableNodeDups);
    }
}
