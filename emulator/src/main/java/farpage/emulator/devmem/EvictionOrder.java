package farpage.emulator.devmem;

import org.jspecify.annotations.Nullable;

/// The blocks of a device from which pages were allocated, least recently first. A block whose
/// pages were all freed stays until its turn comes.
///
/// Everything happens under the device's `DRIVER_SVM` lock.
///
/// @kernel drivers/gpu/drm/ttm/ttm_resource.c: ttm_lru_bulk_move
final class EvictionOrder {
    private @Nullable DeviceBlock oldest;
    private @Nullable DeviceBlock newest;

    /// Pages were just allocated from a block, or its turn has passed.
    void makeNewest(DeviceBlock block) {
        if (block == newest) {
            return;
        }
        remove(block);
        DeviceBlock before = newest;
        block.older = before;
        if (before == null) {
            oldest = block;
        } else {
            before.newer = block;
        }
        newest = block;
        block.listed = true;
    }

    void remove(DeviceBlock block) {
        if (!block.listed) {
            return;
        }
        DeviceBlock before = block.older;
        DeviceBlock after = block.newer;
        if (before == null) {
            oldest = after;
        } else {
            before.newer = after;
        }
        if (after == null) {
            newest = before;
        } else {
            after.older = before;
        }
        block.older = null;
        block.newer = null;
        block.listed = false;
    }

    /// The block that no page was allocated from for longest, of those with pages in use; null if
    /// there is none.
    @Nullable DeviceBlock lookupOldestInUse() {
        DeviceBlock block = oldest;
        while (block != null && block.livePages() == 0) {
            remove(block);
            block = oldest;
        }
        return block;
    }
}
