package farpage.emulator.devmem;

import java.util.List;

/// The memory of one device in numbers, all in base pages but the limit. At a quiet point
/// `allocatedPages - freedPages` is the number of pages in use.
///
/// @param limitBytes the most bytes that chunks may have together
/// @param chunkCount chunks now
/// @param totalPages pages of all chunks now
/// @param freePages pages of them that are free
/// @param allocatedPages allocated since the device exists, or since its last release
/// @param freedPages freed in the same time
/// @param evictedPages moved out to make room
/// @param compactedPages moved within the memory so that large folios can be had
/// @param folios by order
/// @kernel lib/test_hmm.c: calloc, cfree of struct dmirror_device
public record DeviceMemoryStatistics(
        long limitBytes,
        int chunkCount,
        long totalPages,
        long freePages,
        long allocatedPages,
        long freedPages,
        long evictedPages,
        long compactedPages,
        List<DeviceFolioCounters> folios) {
    /// Copies the counters.
    public DeviceMemoryStatistics {
        folios = List.copyOf(folios);
    }

    /// Pages in use.
    public long livePages() {
        return totalPages - freePages;
    }
}
