package farpage.mm.numa;

import farpage.mm.Page;
import farpage.mm.memory.HostMemory;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// The nodes of one machine: which tier each is in, and in which order an allocation tries them.
///
/// Node 0 has the CPUs. A further node is either one that allocations fall back to when nearer ones
/// are full, or isolated: then only who names it gets its pages, and reclaim moves nothing there.
///
/// @kernel mm/memory-tiers.c, mm/page_alloc.c: build_zonelists
public final class NumaNodes {
    /// The node with the CPUs.
    public static final int LOCAL = 0;

    /// No node.
    public static final int NONE = -1;

    private static final int NODE_COUNT_MAX = 16;

    private final HostMemory memory;
    private final int[] distances;
    private final boolean[] isolated;
    private final NumaStat stat;

    /// Where an allocation looks that names no node. Replaced as a whole.
    private volatile int[] fallback;

    private final AtomicInteger turns = new AtomicInteger();
    private volatile boolean demotionEnabled;

    /// One is made by the machine.
    ///
    /// @param memory of node 0 and the others
    /// @param others the nodes from 1 on
    public NumaNodes(HostMemory memory, List<MemoryNode> others) {
        if (others.size() >= NODE_COUNT_MAX) {
            throw new IllegalArgumentException(
                    "nodes: count=" + (others.size() + 1) + ", limit=" + NODE_COUNT_MAX);
        }
        this.memory = memory;
        this.distances = new int[others.size() + 1];
        this.isolated = new boolean[others.size() + 1];
        distances[LOCAL] = MemoryTiers.DRAM_ADISTANCE;
        for (int i = 0; i < others.size(); i++) {
            distances[i + 1] = others.get(i).abstractDistance();
            isolated[i + 1] = others.get(i).isolated();
        }
        this.stat = new NumaStat(distances.length);
        this.fallback = buildFallback();
    }

    /// Whether node 0 is all there is.
    public boolean isSingle() {
        return distances.length == 1;
    }

    public int count() {
        return distances.length;
    }

    /// Whether there is such a node.
    public boolean exists(int node) {
        return node >= 0 && node < distances.length;
    }

    /// One bit for each node that there is.
    public long mask() {
        return (1L << distances.length) - 1;
    }

    /// The node of a page; [#NONE] for a page of a device.
    ///
    /// @kernel include/linux/mm.h: folio_nid
    public int node(long page) {
        return Page.isDevice(page) ? NONE : memory.node(page);
    }

    public int abstractDistance(int node) {
        return distances[node];
    }

    /// The tier of a node; a lower one is faster.
    public int tier(int node) {
        return MemoryTiers.tier(distances[node]);
    }

    /// Whether no tier that has CPUs is faster.
    ///
    /// @kernel mm/memory-tiers.c: node_is_toptier
    public boolean isTopTier(int node) {
        return tier(node) <= tier(LOCAL);
    }

    public boolean isIsolated(int node) {
        return isolated[node];
    }

    /// Whether pages may move down a tier when they would be reclaimed; off at first.
    ///
    /// @kernel mm/memory-tiers.c: numa_demotion_enabled
    public boolean isDemotionEnabled() {
        return demotionEnabled;
    }

    public void setDemotionEnabled(boolean on) {
        demotionEnabled = on;
    }

    /// Where pages of a node move when they would be reclaimed: the first node of the next slower
    /// tier that has one that is not isolated.
    ///
    /// @return [#NONE] from the last tier
    /// @kernel mm/memory-tiers.c: next_demotion_node
    public int nextDemotionNode(int node) {
        int next = NONE;
        for (int other = 0; demotionEnabled && other < distances.length; other++) {
            boolean slower = !isolated[other] && tier(other) > tier(node);
            if (slower && (next == NONE || tier(other) < tier(next))) {
                next = other;
            }
        }
        return next;
    }

    private int[] buildFallback() {
        int[] nodes = new int[distances.length];
        int count = 1;
        for (int node = 1; node < distances.length; node++) {
            if (isolated[node]) {
                continue;
            }
            int at = count++;
            while (at > 1 && distances[nodes[at - 1]] > distances[node]) {
                nodes[at] = nodes[at - 1];
                at--;
            }
            nodes[at] = node;
        }
        return Arrays.copyOf(nodes, count);
    }

    /// The nodes that an allocation tries that names none, node 0 first. Not to be changed.
    ///
    /// @kernel include/linux/mmzone.h: struct zonelist
    public int[] zonelist() {
        return fallback;
    }

    /// A block of frames from the first of the nodes that has one. The caller initialises its
    /// folio.
    ///
    /// @param nodes in the order in which they are tried; the first is where it is wanted
    /// @return [Page#NONE] if none has one
    /// @kernel mm/page_alloc.c: get_page_from_freelist
    public long allocate(int order, int[] nodes) {
        for (int i = 0; i < nodes.length; i++) {
            long page = memory.allocateOn(nodes[i], order);
            if (page != Page.NONE) {
                if (i > 0) {
                    countMiss(nodes[0], nodes[i], 1L << order);
                }
                return page;
            }
        }
        return Page.NONE;
    }

    /// Single frames beyond those that node 0 had.
    ///
    /// @return how far the list is filled
    public int fallBack(long[] pages, int from, int to) {
        int[] nodes = fallback;
        int filled = from;
        for (int i = 1; i < nodes.length && filled < to; i++) {
            int end = memory.allocateBatchOn(nodes[i], pages, filled, to);
            countMiss(LOCAL, nodes[i], end - filled);
            filled = end;
        }
        return filled;
    }

    /// @kernel mm/vmstat.c: zone_statistics
    private void countMiss(int wanted, int node, long pages) {
        stat.count(node, NumaStat.Event.NUMA_MISS, pages);
        stat.count(wanted, NumaStat.Event.NUMA_FOREIGN, pages);
    }

    /// Whose turn it is of those that take turns.
    ///
    /// @kernel mm/mempolicy.c: interleave_nodes
    public int nextTurn(int count) {
        return Math.floorMod(turns.getAndIncrement(), count);
    }

    public NumaStat stat() {
        return stat;
    }
}
