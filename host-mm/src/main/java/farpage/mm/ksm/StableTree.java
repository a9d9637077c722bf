package farpage.mm.ksm;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The merged pages by their contents: ordered by checksum, and where that is the same told apart
/// by the bytes. Equal contents have more than one page when the number of mappings of one page is
/// limited, or when a page was on a device while its contents turned up again. Guarded by the lock
/// of the passes.
///
/// @kernel mm/ksm.c: root_stable_tree
final class StableTree {
    /// The merged pages of equal contents.
    private record Chain(List<StableNode> dups) {}

    private final Machine machine;
    private final FolioTable folios;
    private final PageContents contents;
    private final KsmCounters counters;
    private final TreeMap<Integer, List<Chain>> byChecksum = new TreeMap<>();

    StableTree(Machine machine, PageContents contents, KsmCounters counters) {
        this.machine = machine;
        this.folios = machine.folios();
        this.contents = contents;
        this.counters = counters;
    }

    /// Takes a reference to a node's page.
    ///
    /// @return [Page#NONE] if the page is gone; then the node has left the tree
    /// @kernel mm/ksm.c: ksm_get_folio
    long get(StableNode node) {
        while (true) {
            long page = node.page();
            if (folios.mapping(page) == node && folios.tryGet(page)) {
                if (folios.mapping(page) == node && node.page() == page) {
                    return page;
                }
                machine.put(page);
            } else if (node.page() == page) {
                remove(node);
                return Page.NONE;
            }
        }
    }

    /// As [#get(StableNode)], with the folio locked. Waits for a migration that is under way.
    long getLocked(StableNode node) {
        while (true) {
            long page = get(node);
            if (page == Page.NONE) {
                return Page.NONE;
            }
            folios.lock(page);
            if (folios.mapping(page) == node && node.page() == page) {
                return page;
            }
            folios.unlock(page);
            machine.put(page);
        }
    }

    /// A node with the contents of `page` that one more mapping may be added to, and a reference to
    /// its page.
    ///
    /// @param mappingsMax how many items a node may have
    /// @kernel mm/ksm.c: stable_tree_search
    @Nullable StableNode searchAndGet(long page, int checksum, int mappingsMax) {
        for (Chain chain : chains(checksum)) {
            for (StableNode node : List.copyOf(chain.dups)) {
                long candidate = get(node);
                if (candidate == Page.NONE) {
                    continue;
                }
                int mappings = node.items().size();
                if (mappings > 0 && mappings < mappingsMax && hasContents(candidate, page)) {
                    return node;
                }
                machine.put(candidate);
            }
        }
        return null;
    }

    /// Whether a merged page can be compared, and has the contents of the other page. A page on a
    /// device can not, and a broken one must not be.
    private boolean hasContents(long mergedPage, long page) {
        return !Page.isDevice(mergedPage)
                && !folios.hasFlag(mergedPage, FolioFlags.HWPOISON)
                && contents.areIdentical(mergedPage, page);
    }

    private List<Chain> chains(int checksum) {
        return List.copyOf(byChecksum.getOrDefault(checksum, List.of()));
    }

    /// Takes in a page that was just made a merged page. The folio is locked.
    ///
    /// @kernel mm/ksm.c: stable_tree_insert
    void insert(StableNode node) {
        assert folios.isLocked(node.page());
        assert folios.mapping(node.page()) == node;
        chainOrNew(node.page(), node.checksum()).dups.add(node);
        node.setInTree(true);
    }

    private Chain chainOrNew(long page, int checksum) {
        for (Chain chain : chains(checksum)) {
            for (StableNode node : chain.dups) {
                long other = node.page();
                if (folios.mapping(other) == node && hasContents(other, page)) {
                    return chain;
                }
            }
        }
        Chain chain = new Chain(new ArrayList<>());
        byChecksum.computeIfAbsent(checksum, sum -> new ArrayList<>()).add(chain);
        return chain;
    }

    /// Counts one more mapping of a merged page. Its folio is locked.
    ///
    /// @kernel mm/ksm.c: stable_tree_append
    void append(RmapItem item, StableNode node) {
        assert item.stableNode == null;
        assert item.anonVma != null;
        assert folios.isLocked(node.page());
        if (node.items().isEmpty()) {
            counters.pagesShared++;
        } else {
            counters.pagesSharing++;
        }
        node.addItem(item);
        item.stableNode = node;
    }

    /// Forgets that an item maps a merged page.
    void detach(RmapItem item) {
        StableNode node = item.stableNode;
        if (node == null) {
            return;
        }
        long page = getLocked(node);
        if (page == Page.NONE) {
            return; // the node is gone, and with it what it knew of the item
        }
        drop(node, item);
        folios.unlock(page);
        machine.put(page);
    }

    private void drop(StableNode node, RmapItem item) {
        node.removeItem(item);
        if (node.items().isEmpty()) {
            counters.pagesShared--;
        } else {
            counters.pagesSharing--;
        }
        item.stableNode = null;
        item.anonVma = null;
    }

    /// The page of the node is gone.
    ///
    /// @kernel mm/ksm.c: remove_node_from_stable_tree
    private void remove(StableNode node) {
        for (RmapItem item : List.copyOf(node.items())) {
            drop(node, item);
        }
        if (!node.isInTree()) {
            return;
        }
        node.setInTree(false);
        List<Chain> chains = byChecksum.get(node.checksum());
        assert chains != null;
        for (Chain chain : chains) {
            chain.dups.remove(node);
        }
        chains.removeIf(chain -> chain.dups.isEmpty());
        if (chains.isEmpty()) {
            byChecksum.remove(node.checksum());
        }
    }

    /// Removes the nodes whose pages are gone.
    void prune() {
        List<StableNode> nodes = new ArrayList<>();
        byChecksum.values().forEach(chains -> chains.forEach(chain -> nodes.addAll(chain.dups)));
        for (StableNode node : nodes) {
            long page = get(node);
            if (page != Page.NONE) {
                machine.put(page);
            }
        }
    }

    /// The contents that several merged pages have.
    long chainCount() {
        return byChecksum.values().stream()
                .mapToLong(chains -> chains.stream().filter(c -> c.dups.size() > 1).count())
                .sum();
    }

    /// The merged pages of those contents.
    long dupCount() {
        return byChecksum.values().stream()
                .flatMap(List::stream)
                .mapToLong(chain -> chain.dups.size() > 1 ? chain.dups.size() : 0)
                .sum();
    }
}
