package farpage.mm.ksm;

/// What the merger counts, changed under the lock of the passes.
final class KsmCounters {
    long pagesShared;
    long pagesSharing;
    long pagesUnshared;
    long pagesScanned;
    long pagesSkipped;
    long fullScans;
}
