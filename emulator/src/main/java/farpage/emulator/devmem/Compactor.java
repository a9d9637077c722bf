package farpage.emulator.devmem;

import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.copy.PageCopier;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.memory.FolioTable;
import farpage.mm.migrate.MigrateDevice;
import farpage.mm.migrate.MigratePfn;
import org.jspecify.annotations.Nullable;

/// Empties sparsely used blocks of a device by moving their folios into gaps of others, so that
/// memory that is free in small pieces can hold large folios again. Nothing leaves the device: the
/// bytes are copied within it, and no system memory is needed.
///
/// The block with the fewest pages goes first, since it costs the least. Folios of 2 MiB are never
/// moved: they leave no gap. Who maps a folio is told as of an eviction; a device that accesses one
/// that has moved faults and finds it in its new place.
///
/// As the [Evictor] it runs under the device's `DRIVER_SVM` lock and nothing inner.
///
/// @kernel mm/compaction.c: compact_zone, proactive_compact_node
public final class Compactor {
    /// The share of the free memory that may be too scattered for large folios, in percent, beyond
    /// which compaction begins by itself.
    ///
    /// @kernel mm/compaction.c: fragmentation_score_wmark
    public static final int SCORE_HIGH = 10;

    /// The share at which it ends.
    public static final int SCORE_LOW = 5;

    /// How many blocks in a row may yield nothing before it is given up.
    private static final int FRUITLESS_LIMIT = 8;

    private final DeviceMemory memory;
    private final PageCopier engine;
    private final Machine machine;
    private final FolioTable folios;
    private final MigrateDevice migration;
    private final CopyBatch batch = new CopyBatch(DeviceChunk.BLOCK_PAGES);
    private final int[] held = new int[2 * DeviceChunk.BLOCK_PAGES];

    /// Compactions begun, by which blocks remember that they were tried.
    private long compactions;

    /// For the memory that the engine copies in.
    public Compactor(Machine machine, DeviceMemory memory, PageCopier engine) {
        this.machine = machine;
        this.folios = machine.folios();
        this.memory = memory;
        this.engine = engine;
        this.migration = new MigrateDevice(machine, DeviceChunk.BLOCK_PAGES);
    }

    /// The share of the free memory, in percent, that is too scattered for folios of an order.
    ///
    /// @kernel mm/vmstat.c: extfrag_for_order
    public static int score(DeviceMemory memory, int order) {
        long free = memory.freePageCount();
        return free == 0 ? 0 : (int) (100 * (free - memory.freePageCount(order)) / free);
    }

    /// Compacts until that many pages are free in folios of an order, or nothing is to be gained.
    ///
    /// @return the pages that are free in such folios
    /// @kernel mm/page_alloc.c: __alloc_pages_direct_compact
    public long compact(long pageCount, int order) {
        compactions++;
        long free = memory.freePageCount(order);
        int fruitless = 0;
        while (free < pageCount && fruitless < FRUITLESS_LIMIT) {
            DeviceBlock block = lookupSparsest();
            if (block == null) {
                break;
            }
            block.compaction = compactions;
            if (!empty(block)) {
                break;
            }
            long before = free;
            free = memory.freePageCount(order);
            fruitless = free > before ? 0 : fruitless + 1;
        }
        return free;
    }

    /// Compacts if too much of the free memory is too scattered for the largest folios that the
    /// device uses.
    ///
    /// @kernel mm/compaction.c: should_proactive_compact_node
    public void compactIfFragmented() {
        int order = memory.orders().highest();
        if (order > 0 && score(memory, order) > SCORE_HIGH) {
            long free = memory.freePageCount();
            compact(free - free * SCORE_LOW / 100, order);
        }
    }

    /// The block with the fewest pages in use, if those of others have room for them; null if there
    /// is none that was not tried yet.
    private @Nullable DeviceBlock lookupSparsest() {
        DeviceBlock sparsest = null;
        int fewest = DeviceChunk.BLOCK_PAGES;
        for (DeviceChunk chunk : memory.chunks()) {
            for (DeviceBlock block : chunk.blocks()) {
                int live = block.livePages();
                if (live > 0
                        && live < fewest
                        && block.pageCount() == DeviceChunk.BLOCK_PAGES
                        && block.compaction != compactions) {
                    sparsest = block;
                    fewest = live;
                }
            }
        }
        long gaps = memory.freePageCount() - memory.freePageCount(DeviceChunk.BLOCK_ORDER);
        return gaps - (DeviceChunk.BLOCK_PAGES - fewest) < fewest ? null : sparsest;
    }

    /// @return false if the copy failed
    private boolean empty(DeviceBlock block) {
        DeviceChunk chunk = block.chunk();
        int heldCount = chunk.isolate(block, held);
        migration.setupRange(chunk.pagemap().page(block.firstIndex()), block.pageCount());
        findPlaces();
        CopyResult result = engine.withinDevice(batch);
        if (!result.isCopied()) {
            SystemDestinations.drop(machine, migration, result);
        }
        migration.pages();
        long moved = 0;
        for (int i = 0; i < migration.pageCount(); i++) {
            long word = migration.src(i);
            moved += MigratePfn.hasMigrated(word) ? 1L << MigratePfn.order(word) : 0;
        }
        memory.countCompacted(moved);
        migration.finish();
        chunk.endIsolation(held, heldCount);
        return result.isCopied();
    }

    /// The largest first: they are the hardest to place.
    private void findPlaces() {
        batch.clear();
        for (int order = DeviceChunk.BLOCK_ORDER - 1; order >= 0; order--) {
            for (int i = 0; i < migration.pageCount(); i++) {
                long word = migration.src(i);
                if (!MigratePfn.hasMigrated(word) || MigratePfn.order(word) != order) {
                    continue;
                }
                long to = memory.allocateInUsedBlock(order);
                if (to == Page.NONE) {
                    break; // nor is there one for the next of this order
                }
                long from = MigratePfn.page(word);
                folios.setZoneDeviceData(to, folios.zoneDeviceData(from));
                migration.setDst(i, MigratePfn.ofFolio(to, order));
                batch.add(from, to, 1 << order);
            }
        }
    }
}
