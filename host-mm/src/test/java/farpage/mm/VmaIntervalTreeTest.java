package farpage.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.rmap.VmaIntervalTree;
import farpage.mm.rmap.VmaIntervalTree.Node;
import farpage.mm.testing.TestMachine;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The interval tree against a plain list.
final class VmaIntervalTreeTest {
    @RegisterExtension final TestMachine machine = new TestMachine();
    private final Mm mm = machine.newProcess().mm();
    private final VmaIntervalTree tree = new VmaIntervalTree();

    private Node node(long firstOffset, int pageCount) {
        long start = Mm.MMAP_MIN_ADDRESS;
        long end = start + PageSize.pageAddress(pageCount);
        return new Node(new Vma(mm, start, end, firstOffset, VmFlags.READ));
    }

    private List<Node> found(long first, long last) {
        List<Node> found = new ArrayList<>();
        for (Node node = tree.first(first, last);
                node != null;
                node = tree.next(node, first, last)) {
            found.add(node);
        }
        return found;
    }

    @Test
    void emptyTreeFindsNothing() {
        assertNull(tree.first(0, Long.MAX_VALUE));
        assertTrue(tree.isEmpty());
        assertTrue(tree.isConsistent());
    }

    @Test
    void firstAndLastOffsetBelongToAVma() {
        Node node = node(10, 5);
        tree.insert(node);
        assertEquals(List.of(), found(0, 9));
        assertEquals(List.of(node), found(0, 10));
        assertEquals(List.of(node), found(14, 20));
        assertEquals(List.of(), found(15, 20));
    }

    /// Whoever moves entries to a younger VMA of the same offset relies on it.
    @Test
    void vmasOfOneOffsetComeInTheOrderOfTheirInsertion() {
        List<Node> inserted = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            Node node = node(7, 1 + i % 3);
            tree.insert(node);
            inserted.add(node);
        }
        assertEquals(inserted, found(7, 7));
    }

    @Test
    void nodeCanComeBackAfterItWasRemoved() {
        Node node = node(3, 1);
        tree.insert(node);
        tree.remove(node);
        assertFalse(node.isLinked());
        assertEquals(List.of(), found(0, 100));
        tree.insert(node);
        assertEquals(List.of(node), found(3, 3));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void findsWhatAListFinds(long seed) {
        Random random = new Random(seed);
        List<Node> model = new ArrayList<>();
        for (int step = 0; step < 3000; step++) {
            if (model.isEmpty() || random.nextInt(5) < (step < 1500 ? 3 : 2)) {
                Node node = node(random.nextInt(200), 1 + random.nextInt(step % 7 == 0 ? 100 : 5));
                tree.insert(node);
                model.add(node);
            } else {
                Node node = model.remove(random.nextInt(model.size()));
                tree.remove(node);
            }
            assertTrue(tree.isConsistent());
            assertEquals(model.size(), tree.size());
            long first = random.nextInt(220);
            long last = first + random.nextInt(20);
            assertEquals(expected(model, first, last), found(first, last));
        }
    }

    private static List<Node> expected(List<Node> model, long first, long last) {
        return model.stream()
                .filter(node -> node.vma().pageOffset() <= last)
                .filter(node -> node.vma().pageOffset() + node.vma().pageCount() > first)
                .sorted((a, b) -> Long.compare(a.vma().pageOffset(), b.vma().pageOffset()))
                .toList();
    }
}
