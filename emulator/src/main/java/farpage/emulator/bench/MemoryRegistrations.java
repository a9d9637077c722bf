package farpage.emulator.bench;

import farpage.emulator.workload.WorkloadException;
import farpage.mm.Machine;
import farpage.mm.PageSize;
import java.util.List;

/// Registers device memory up to where pages of it can be allocated: their numbers, the pagemap,
/// the allocator, the list of blocks for eviction. There is no memory behind the numbers, for
/// making it is the OpenCL device's affair.
///
/// @kernel mm/memremap.c: memremap_pages
final class MemoryRegistrations {
    /// RAM of a machine that does nothing with it.
    private static final long RAM_BYTES = 2 * PageSize.PMD_SIZE;

    private final MetadataPlan plan;
    private final SliceClocks clocks;

    MemoryRegistrations(MetadataPlan plan, SliceClocks clocks) {
        this.plan = plan;
        this.clocks = clocks;
    }

    /// Measures.
    ///
    /// @param progress is told how much is done, 0 to 1; it may throw to stop
    List<MetadataResult> run(BenchProgress progress) {
        long pages = PageSize.pageNumber(plan.initBytes());
        long first = once(pages);
        int rounds = plan.warmUpRounds() + plan.rounds();
        Distribution times = new Distribution();
        for (int round = 0; round < rounds; round++) {
            progress.at((double) round / rounds, "registration");
            long nanos = once(pages);
            if (round >= plan.warmUpRounds()) {
                times.add(nanos);
            }
        }
        return List.of(new MetadataResult.Init(pages, first, times));
    }

    private long once(long pages) {
        try (Machine machine = new Machine(RAM_BYTES);
                UnbackedDevice device = new UnbackedDevice(machine, pages, pages)) {
            long start = clocks.nanos().getAsLong();
            device.memory().lock();
            long free;
            try {
                free = device.memory().grow(pages);
            } finally {
                device.memory().unlock();
            }
            long end = clocks.nanos().getAsLong();
            if (free != pages) {
                throw new WorkloadException(
                        WorkloadException.Reason.DEVICE_MEMORY,
                        "%d pages were to be registered, and %d were".formatted(pages, free));
            }
            return end - start;
        }
    }
}
