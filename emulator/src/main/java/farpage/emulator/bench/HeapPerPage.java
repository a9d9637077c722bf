package farpage.emulator.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// The heap that a device page in use takes: what the heap grows by while pages that are mapped in
/// a process move from one device to another, by way of system memory.
///
/// The process has its page tables and system memory its memory map before and after; the first
/// device's memory has been in use, and that of the second has its allocator, whose growth is
/// counted by itself. So all that grows is what is known about pages of the second device, and the
/// entries in its page table, which are counted by dropping them. A quarter of the pages moves
/// before the counting begins: working storage that stays for the next command is no device page's.
///
/// @kernel include/linux/mm_types.h: struct page
final class HeapPerPage {
    /// The most pages: counting takes as long as they move slowly. Pages of a command: few, so that
    /// what a long one works with is not taken for what its pages need.
    private static final int COMMAND_PAGES = 4096;

    private static final int PAGES_MAX = 1 << 19;

    /// Pages of a section of the memory map, and of a chunk of device memory.
    private static final int SECTION_PAGES = 1 << 15;

    /// The part of the pages that moves before the heap is looked at.
    private static final int PARTS = 4;

    /// The fewest pages, so that each part has whole sections.
    private static final int PAGES_MIN = PARTS * SECTION_PAGES;

    /// Collections after which the heap counts as it is: the serial collector compacts all of it
    /// with every fourth only, and lets some dead objects lie with the others.
    private static final int COLLECTIONS = 5;

    private final MetadataPlan plan;
    private final SplittableRandom random;
    private final int pages;

    HeapPerPage(MetadataPlan plan, long seed) {
        this.plan = plan;
        this.random = new SplittableRandom(seed);
        this.pages = Math.clamp(plan.pages(), PAGES_MIN, PAGES_MAX);
    }

    /// Measures.
    ///
    /// @param progress is told how much is done, 0 to 1; it may throw to stop
    List<MetadataResult> run(BenchProgress progress) {
        List<MetadataResult> results = new ArrayList<>();
        for (PageOrder order : PageOrder.values()) {
            if (plan.orders().contains(order)) {
                progress.at((double) results.size() / plan.orders().size(), "heap");
                results.add(measure(order));
            }
        }
        return results;
    }

    private MetadataResult measure(PageOrder order) {
        try (MigrationScene scene = new MigrationScene(pages)) {
            int part = pages / PARTS;
            scene.addDevice(pages, SECTION_PAGES);
            scene.addDevice(pages, SECTION_PAGES);
            scene.toDevice(0, scene.firstPage(), pages);
            scene.toSystem(0, scene.firstPage(), pages);
            int[] places = order.places(pages, random);
            long unregistered = usedHeap();
            register(scene.device(1));
            long registered = usedHeap();
            move(scene, places, 0, part);
            dropEntries(scene);
            long before = usedHeap();
            move(scene, places, part, pages);
            long mirrored = usedHeap();
            dropEntries(scene);
            long after = usedHeap();
            return new MetadataResult.HeapPerPage(
                    order,
                    pages - part,
                    (double) (after - before) / (pages - part),
                    (double) (registered - unregistered) / pages,
                    (double) (mirrored - after) / (pages - part));
        }
    }

    private void register(UnbackedDevice device) {
        device.memory().lock();
        try {
            device.memory().grow(pages);
        } finally {
            device.memory().unlock();
        }
    }

    private void move(MigrationScene scene, int[] places, int from, int to) {
        long[] batch = new long[COMMAND_PAGES];
        for (int at = from; at < to; at += batch.length) {
            int length = Math.min(batch.length, to - at);
            for (int i = 0; i < length; i++) {
                batch[i] = scene.firstPage() + places[at + i];
            }
            scene.toDevice(1, batch, length);
        }
    }

    private static void dropEntries(MigrationScene scene) {
        scene.mirror(1).table().lock();
        scene.mirror(1).table().eraseLocked(0, Long.MAX_VALUE);
        scene.mirror(1).table().unlock();
    }

    private static long usedHeap() {
        for (int i = 0; i < COLLECTIONS; i++) {
            System.gc();
        }
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
