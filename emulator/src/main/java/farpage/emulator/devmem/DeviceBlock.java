package farpage.emulator.devmem;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// A stretch of at most 2 MiB of device pages, the unit of eviction: how many of its pages are in
/// use, and its place among the blocks by the time of the last allocation.
///
/// @kernel drivers/gpu/drm/ttm/ttm_resource.c: ttm_resource, its place on an LRU list
final class DeviceBlock {
    private final DeviceChunk chunk;
    private final int firstIndex;
    private final int pageCount;
    private final AtomicInteger livePages = new AtomicInteger();

    // The list that it is on, under the device's DRIVER_SVM lock.
    @Nullable DeviceBlock older;
    @Nullable DeviceBlock newer;
    boolean listed;

    /// The last compaction that tried to empty it, under the same lock.
    long compaction;

    DeviceBlock(DeviceChunk chunk, int firstIndex, int pageCount) {
        this.chunk = chunk;
        this.firstIndex = firstIndex;
        this.pageCount = pageCount;
    }

    DeviceChunk chunk() {
        return chunk;
    }

    /// The place of its first page in the chunk.
    int firstIndex() {
        return firstIndex;
    }

    int pageCount() {
        return pageCount;
    }

    int livePages() {
        return livePages.getAcquire();
    }

    /// Pages are allocated under the device's `DRIVER_SVM` lock and freed at any time.
    void addLivePages(int delta) {
        livePages.getAndAdd(delta);
    }
}
