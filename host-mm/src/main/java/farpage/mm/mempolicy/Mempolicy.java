package farpage.mm.mempolicy;

import farpage.mm.numa.NumaNodes;
import java.util.Arrays;

/// Which nodes the pages of a range, or of a process, come from.
///
/// @param mode how the nodes are meant
/// @param nodeMask one bit for each node
/// @kernel include/linux/mempolicy.h: struct mempolicy
public record Mempolicy(MempolicyMode mode, long nodeMask) {
    /// The nodes that an allocation tries, the one where it is wanted first.
    ///
    /// @kernel mm/mempolicy.c: policy_nodemask, policy_zonelist
    public int[] zonelist(NumaNodes numa) {
        return switch (mode) {
            case DEFAULT, LOCAL -> numa.zonelist();
            case BIND -> nodes();
            case PREFERRED -> nodeMask == 0 ? numa.zonelist() : first(lowest(), numa.zonelist());
            case INTERLEAVE -> first(nodes()[numa.nextTurn(count())], numa.zonelist());
        };
    }

    /// Whether a page of a node is where it is wanted.
    ///
    /// @kernel mm/mempolicy.c: queue_folio_required, mpol_misplaced
    public boolean permits(int node) {
        return switch (mode) {
            case DEFAULT -> true;
            case LOCAL -> node == NumaNodes.LOCAL;
            case PREFERRED -> node == (nodeMask == 0 ? NumaNodes.LOCAL : lowest());
            case BIND, INTERLEAVE -> (nodeMask >> node & 1) != 0;
        };
    }

    private int count() {
        return Long.bitCount(nodeMask);
    }

    private int lowest() {
        return Long.numberOfTrailingZeros(nodeMask);
    }

    private int[] nodes() {
        int[] nodes = new int[count()];
        long left = nodeMask;
        for (int i = 0; i < nodes.length; i++) {
            nodes[i] = Long.numberOfTrailingZeros(left);
            left &= left - 1;
        }
        return nodes;
    }

    /// A list that begins with one node, and goes on with the others of a zonelist.
    private static int[] first(int node, int[] zonelist) {
        int[] nodes = new int[zonelist.length + 1];
        nodes[0] = node;
        int count = 1;
        for (int other : zonelist) {
            if (other != node) {
                nodes[count++] = other;
            }
        }
        return Arrays.copyOf(nodes, count);
    }
}
