package farpage.mm.numa;

/// What makes a tier of nodes: their abstract distance in chunks. A slower node has a greater one.
///
/// @kernel include/linux/memory-tiers.h
public final class MemoryTiers {
    /// Distances that differ by less than this may lie in one tier.
    ///
    /// @kernel include/linux/memory-tiers.h: MEMTIER_CHUNK_SIZE
    public static final int CHUNK = 128;

    /// That of RAM: the middle of its tier.
    ///
    /// @kernel include/linux/memory-tiers.h: MEMTIER_ADISTANCE_DRAM
    public static final int DRAM_ADISTANCE = 4 * CHUNK + CHUNK / 2;

    /// That of memory of which nothing is known but that it is slower.
    ///
    /// @kernel drivers/dax/kmem.c: MEMTIER_DEFAULT_DAX_ADISTANCE
    public static final int SLOWER_ADISTANCE = 5 * DRAM_ADISTANCE;

    private MemoryTiers() {}

    /// The tier of a distance; a lower one is faster.
    public static int tier(int abstractDistance) {
        return abstractDistance / CHUNK;
    }
}
