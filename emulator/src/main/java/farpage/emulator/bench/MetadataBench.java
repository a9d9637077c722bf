package farpage.emulator.bench;

import java.util.ArrayList;
import java.util.List;

/// What the bookkeeping of device memory costs, with the copies left out and no memory behind the
/// device's pages: the whole of a migration otherwise, looking pages up, registering device memory,
/// and the heap that a page takes.
///
/// It needs no OpenCL device.
///
/// @kernel mm/migrate_device.c, mm/hmm.c, mm/memremap.c: what they cost
public final class MetadataBench {
    private final MetadataPlan plan;
    private final long seed;
    private final SliceClocks clocks;

    /// @param seed of the orders in which pages are taken
    public MetadataBench(MetadataPlan plan, long seed, SliceClocks clocks) {
        this.plan = plan;
        this.seed = seed;
        this.clocks = clocks;
    }

    /// Measures.
    ///
    /// @param progress is told from time to time how much is done, 0 to 1; it may throw to stop
    /// @throws farpage.emulator.workload.WorkloadException if a page did not move as it was to
    public List<MetadataResult> run(BenchProgress progress) {
        List<MetadataResult> results = new ArrayList<>();
        int kinds = plan.kinds().size();
        int done = 0;
        for (MetadataKind kind : MetadataKind.values()) {
            if (plan.kinds().contains(kind)) {
                int before = done++;
                results.addAll(
                        run(kind, (part, what) -> progress.at((before + part) / kinds, what)));
            }
        }
        return results;
    }

    /// Each order has a process of its own: pages that came back at random lie at random from then
    /// on.
    private List<MetadataResult> roundTrips(BenchProgress progress) {
        List<MetadataResult> results = new ArrayList<>();
        int orders = plan.orders().size();
        int done = 0;
        for (PageOrder order : PageOrder.values()) {
            if (plan.orders().contains(order)) {
                int before = done++;
                try (RoundTrips trips = new RoundTrips(plan.with(order), seed, clocks)) {
                    results.addAll(
                            trips.run((part, what) -> progress.at((before + part) / orders, what)));
                }
            }
        }
        return results;
    }

    private List<MetadataResult> run(MetadataKind kind, BenchProgress progress) {
        return switch (kind) {
            case MIGRATE_ROUND_TRIP -> roundTrips(progress);
            case PAGE_TABLE_WALK -> {
                try (PageTableWalks walks = new PageTableWalks(plan, seed, clocks)) {
                    yield walks.run(progress);
                }
            }
            case INIT_DEVICE_MEMORY -> new MemoryRegistrations(plan, clocks).run(progress);
            case BYTES_PER_PAGE -> new HeapPerPage(plan, seed).run(progress);
        };
    }
}
