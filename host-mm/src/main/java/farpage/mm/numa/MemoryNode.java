package farpage.mm.numa;

/// A node without CPUs, as it is added to a machine.
///
/// @param size bytes of memory, a multiple of [farpage.mm.memory.HostMemory#NODE_ALIGNMENT]
/// @param abstractDistance how slow it is: the tier is this in units of [MemoryTiers#CHUNK]
/// @param isolated whether its pages are only ever given to who names the node
/// @kernel include/linux/memory-tiers.h; drivers/dax/kmem.c
public record MemoryNode(long size, int abstractDistance, boolean isolated) {
    /// Checks the distance.
    public MemoryNode {
        if (abstractDistance <= 0) {
            throw new IllegalArgumentException(
                    "abstractDistance: value=" + abstractDistance + ", limit=1");
        }
    }

    /// Memory that an allocation falls back to, one tier below RAM.
    public static MemoryNode ofSize(long size) {
        return new MemoryNode(size, MemoryTiers.SLOWER_ADISTANCE, false);
    }

    /// The same memory, isolated or not.
    public MemoryNode withIsolation(boolean on) {
        return new MemoryNode(size, abstractDistance, on);
    }

    /// The same memory, that slow.
    public MemoryNode withAbstractDistance(int distance) {
        return new MemoryNode(size, distance, isolated);
    }
}
