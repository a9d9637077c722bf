package farpage.emulator.devmem;

import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.copy.PageCopier;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.PageSize;
import farpage.mm.hugememory.SplitFolio;
import farpage.mm.memory.FolioTable;
import farpage.mm.migrate.MigrateDevice;
import farpage.mm.migrate.MigratePfn;

/// Moves pages out of a device's memory, whoever maps them: a few when room is needed, all of them
/// on release.
///
/// It runs under the device's `DRIVER_SVM` lock and nothing inner, because it may lock any folio
/// and wait for any process's notifier. So room is made *before* a migration begins.
///
/// @kernel lib/test_hmm.c: dmirror_device_evict_chunk; drivers/gpu/drm/drm_pagemap.c:
///   drm_pagemap_evict_to_ram
public final class Evictor {
    /// How many blocks in a row may yield nothing before room is no longer looked for.
    private static final int FRUITLESS_LIMIT = 8;

    /// How often in a row no page of a chunk may leave for want of system memory before a release
    /// gives up.
    private static final int DRAIN_LIMIT = 8;

    private static final long NOTHING_TO_GAIN = -1;

    private final Machine machine;
    private final DeviceMemory memory;
    private final PageCopier engine;
    private final Compactor compactor;
    private final MigrateDevice migration;
    private final SplitFolio splitFolio;
    private final CopyBatch batch = new CopyBatch(DeviceChunk.BLOCK_PAGES);

    /// Whether pages found no system memory; under the lock of the memory.
    private boolean lacksSystemMemory;

    /// Whether a large folio of the last block found no large one.
    private boolean lacksLargeFolio;

    /// For the memory that the engine copies from.
    ///
    /// @param compactor of the same memory
    public Evictor(Machine machine, DeviceMemory memory, PageCopier engine, Compactor compactor) {
        this.machine = machine;
        this.memory = memory;
        this.engine = engine;
        this.compactor = compactor;
        this.splitFolio = new SplitFolio(machine);
        this.migration = new MigrateDevice(machine, DeviceChunk.BLOCK_PAGES);
    }

    /// Sees to it that pages are free: by more chunks while the limit permits, then by moving the
    /// blocks out that no page was allocated from for longest.
    ///
    /// @return the pages that are free, which may be fewer: if system memory is full too, or the
    ///   pages are in use by other migrations
    public long reserve(long pageCount) {
        long wanted = Math.min(pageCount, PageSize.pageNumber(memory.limitBytes()));
        long free = memory.grow(wanted);
        int fruitless = 0;
        while (free < wanted && fruitless < FRUITLESS_LIMIT) {
            long moved = evictOldestBlock();
            if (moved < 0) {
                break;
            }
            fruitless = moved == 0 ? fruitless + 1 : 0;
            free = memory.freePageCount();
        }
        return free;
    }

    /// Sees to it that pages are free in folios of an order: by more chunks while the limit
    /// permits, then by compaction. Nothing is moved out for it: smaller folios will do.
    ///
    /// @param mayMove whether folios of the device may be moved
    /// @return the pages that are free in such folios
    public long gather(long pageCount, int order, boolean mayMove) {
        long free = memory.grow(pageCount, order);
        return free < pageCount && mayMove ? compactor.compact(pageCount, order) : free;
    }

    /// @return pages moved; [#NOTHING_TO_GAIN] if no block has pages or the copy failed
    private long evictOldestBlock() {
        DeviceBlock oldest = memory.evictionOrder().lookupOldestInUse();
        if (oldest == null) {
            return NOTHING_TO_GAIN;
        }
        // Whatever stays has its turn again after all others.
        memory.evictionOrder().makeNewest(oldest);
        long moved = evictBlock(oldest);
        memory.countEvicted(Math.max(moved, 0));
        return moved;
    }

    /// Moves a block out. Large folios for which system memory has no large ones are split, and go
    /// as base pages.
    ///
    /// @return pages moved; [#NOTHING_TO_GAIN] if the copy failed
    private long evictBlock(DeviceBlock block) {
        long moved = moveOut(block);
        if (moved >= 0 && lacksLargeFolio && splitFolios(block)) {
            long rest = moveOut(block);
            return rest < 0 ? rest : moved + rest;
        }
        return moved;
    }

    private long moveOut(DeviceBlock block) {
        return discardCopies(block) + moveOthersOut(block);
    }

    /// What is a copy need not be moved.
    ///
    /// @return pages that are free now
    private long discardCopies(DeviceBlock block) {
        if (!machine.filesOnDevices().copiesPages()) {
            return 0;
        }
        long discarded = 0;
        for (int i = 0; i < block.pageCount(); i++) {
            long page = block.chunk().pagemap().page(block.firstIndex() + i);
            if (machine.folios().isKnown(page)
                    && machine.folios().zoneDeviceData(page) instanceof CopyOwner owner
                    && owner.discard(page)) {
                discarded++;
            }
        }
        return discarded;
    }

    private long moveOthersOut(DeviceBlock block) {
        migration.setupRange(block.chunk().pagemap().page(block.firstIndex()), block.pageCount());
        lacksLargeFolio = false;
        if (SystemDestinations.fill(machine, migration, batch) > 0) {
            lacksSystemMemory = true;
            for (int i = 0; i < migration.pageCount(); i++) {
                lacksLargeFolio |=
                        MigratePfn.isCompound(migration.src(i))
                                && MigratePfn.isMigrating(migration.src(i))
                                && migration.dst(i) == MigratePfn.SKIP;
            }
        }
        CopyResult result = engine.toSystem(batch);
        if (!result.isCopied()) {
            SystemDestinations.drop(machine, migration, result);
        }
        migration.pages();
        long moved = 0;
        for (int i = 0; i < migration.pageCount(); i++) {
            long word = migration.src(i);
            moved += MigratePfn.hasMigrated(word) ? 1L << MigratePfn.order(word) : 0;
        }
        migration.finish();
        return result.isCopied() || moved > 0 ? moved : NOTHING_TO_GAIN;
    }

    /// A migration of device pages can not cut what it moves. So folios are cut before it, if there
    /// are as many base pages to be had.
    ///
    /// @return whether any was
    private boolean splitFolios(DeviceBlock block) {
        FolioTable folios = machine.folios();
        boolean any = false;
        for (int i = 0; i < block.pageCount(); i++) {
            long page = block.chunk().pagemap().page(block.firstIndex() + i);
            if (!folios.tryGet(page)) {
                continue;
            }
            if (folios.head(page) == page && folios.isLarge(page) && folios.tryLock(page)) {
                any |= hasBasePages(folios.pageCount(page)) && splitFolio.split(page, 0);
                folios.unlock(page);
            }
            machine.put(page);
        }
        return any;
    }

    /// Whether as many base pages can be had. They are free again afterwards.
    private boolean hasBasePages(int count) {
        long[] pages = new long[count];
        int allocated = machine.allocateLockedPages(pages, count);
        for (int i = 0; i < allocated; i++) {
            machine.folios().unlock(pages[i]);
        }
        machine.putAll(pages, allocated);
        return allocated == count;
    }

    /// Moves out what nobody holds, once over all chunks. The lock of the memory is held.
    ///
    /// @kernel lib/test_hmm.c: dmirror_device_evict_chunk
    public void evictAll() {
        for (DeviceChunk chunk : memory.chunks()) {
            for (DeviceBlock block : chunk.blocks()) {
                if (block.livePages() > 0 && evictBlock(block) < 0) {
                    return;
                }
            }
        }
    }

    /// Moves everything out and gives all chunks back; the next allocation makes a fresh one. The
    /// lock of the memory is held.
    ///
    /// @return ENOMEM if system memory can not take the pages, EIO if they can not be copied; what
    ///   stayed is still usable then
    /// @kernel lib/test_hmm.c: dmirror_device_remove_chunks
    public Errno releaseAll() {
        for (DeviceChunk chunk : memory.chunks()) {
            chunk.beginDrain();
            Errno errno = drain(chunk);
            if (!errno.isOk()) {
                chunk.cancelDrain();
                return errno;
            }
            chunk.release();
            memory.removeReleased(chunk);
        }
        memory.resetCounters();
        return Errno.OK;
    }

    /// A page that does not move although there is memory for it is in somebody's hands for a
    /// moment, as at the end of a CPU fault: it is waited for, as [Machine#memunmapPages] would.
    @SuppressWarnings("ThreadPriorityCheck") // the holder may want this processor
    private Errno drain(DeviceChunk chunk) {
        int fruitless = 0;
        while (!chunk.holdFreePages()) {
            long movedPages = 0;
            lacksSystemMemory = false;
            for (DeviceBlock block : chunk.blocks()) {
                if (block.livePages() > 0) {
                    long moved = evictBlock(block);
                    if (moved < 0) {
                        return Errno.EIO;
                    }
                    movedPages += moved;
                }
            }
            if (movedPages > 0) {
                fruitless = 0;
                continue;
            }
            if (lacksSystemMemory && ++fruitless > DRAIN_LIMIT) {
                return Errno.ENOMEM;
            }
            if (chunk.hasOnlyBrokenPages()) {
                return Errno.EIO; // of shared memory, which has no other place
            }
            awaitFirstPage(chunk);
            Thread.yield();
        }
        return Errno.OK;
    }

    /// A page that did not move may be in the hands of a CPU fault, which frees it when it is done.
    private void awaitFirstPage(DeviceChunk chunk) {
        int index = chunk.nextLiveIndex(0);
        if (index >= 0) {
            machine.folios().waitUnlocked(chunk.pagemap().page(index));
        }
    }
}
