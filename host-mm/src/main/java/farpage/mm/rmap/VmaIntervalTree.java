package farpage.mm.rmap;

import farpage.mm.Vma;
import org.jspecify.annotations.Nullable;

/// VMAs by the page offsets that they cover, so that those in which a page may be mapped are found
/// without looking at the others. VMAs of many processes are in one tree, and they overlap.
///
/// A balanced tree (AVL) ordered by first offset; each node knows the last offset in its subtree.
/// VMAs with the same first offset come in the order in which they were inserted: who moves entries
/// from an older VMA to a younger one relies on it, because a walk that misses them in the one must
/// still come to the other.
///
/// A walk makes no objects:
///
/// ```
/// for (Node node = tree.first(index, index); node != null; node = tree.next(node, index, index))
/// ```
///
/// The tree has no lock; its owner's protects it. The bounds of a VMA change only while its node is
/// out of the tree.
///
/// @kernel mm/interval_tree.c: anon_vma_interval_tree, vma_interval_tree
@SuppressWarnings("ReferenceEquality") // a node is equal to nothing but itself
public final class VmaIntervalTree {
    private @Nullable Node root;
    private int size;

    /// A VMA's place in one tree.
    ///
    /// @kernel include/linux/mm_types.h: struct vm_area_struct, shared.rb
    public static class Node {
        private final Vma vma;
        private long first;
        private long last;
        private long subtreeLast;
        private int height;
        private @Nullable Node parent;
        private @Nullable Node left;
        private @Nullable Node right;

        public Node(Vma vma) {
            this.vma = vma;
        }

        public final Vma vma() {
            return vma;
        }

        /// Whether the node is in a tree.
        public final boolean isLinked() {
            return height > 0;
        }

        private void update() {
            height = 1 + Math.max(height(left), height(right));
            subtreeLast = last;
            if (left != null) {
                subtreeLast = Math.max(subtreeLast, left.subtreeLast);
            }
            if (right != null) {
                subtreeLast = Math.max(subtreeLast, right.subtreeLast);
            }
        }

        private int balance() {
            return height(left) - height(right);
        }
    }

    public int size() {
        return size;
    }

    public boolean isEmpty() {
        return size == 0;
    }

    /// Puts the node in by the offsets that its VMA covers now.
    public void insert(Node node) {
        assert !node.isLinked();
        node.first = node.vma.pageOffset();
        node.last = node.first + node.vma.pageCount() - 1;
        Node parent = null;
        for (Node at = root; at != null; ) {
            parent = at;
            at = node.first < at.first ? at.left : at.right;
        }
        node.parent = parent;
        if (parent == null) {
            root = node;
        } else if (node.first < parent.first) {
            parent.left = node;
        } else {
            parent.right = node;
        }
        size++;
        rebalanceFrom(node);
    }

    public void remove(Node node) {
        assert node.isLinked();
        Node left = node.left;
        Node right = node.right;
        Node changed;
        if (left == null || right == null) {
            changed = node.parent;
            replace(node, left == null ? right : left);
        } else {
            Node heir = leftmost(right);
            changed = heir.parent == node ? heir : heir.parent;
            replace(heir, heir.right);
            heir.left = left;
            left.parent = heir;
            heir.right = node.right;
            if (heir.right != null) {
                heir.right.parent = heir;
            }
            replace(node, heir);
        }
        node.parent = null;
        node.left = null;
        node.right = null;
        node.height = 0;
        size--;
        rebalanceFrom(changed);
    }

    /// The first node that covers any offset of `[first, last]`.
    public @Nullable Node first(long first, long last) {
        return firstBelow(root, first, last);
    }

    /// The node after this one that covers any offset of `[first, last]`.
    public @Nullable Node next(Node node, long first, long last) {
        Node found = firstBelow(node.right, first, last);
        Node at = node;
        while (found == null) {
            Node up = at.parent;
            if (up == null || up.first > last && up.left == at) {
                return null;
            }
            if (up.left == at) {
                found = up.last >= first ? up : firstBelow(up.right, first, last);
            }
            at = up;
        }
        return found;
    }

    private static @Nullable Node firstBelow(@Nullable Node top, long first, long last) {
        Node at = top;
        while (at != null && at.subtreeLast >= first) {
            if (at.left != null && at.left.subtreeLast >= first) {
                // If none of these begins early enough, none to their right does.
                at = at.left;
            } else if (at.first > last) {
                return null;
            } else if (at.last >= first) {
                return at;
            } else {
                at = at.right;
            }
        }
        return null;
    }

    private static Node leftmost(Node top) {
        Node at = top;
        while (at.left != null) {
            at = at.left;
        }
        return at;
    }

    private static int height(@Nullable Node node) {
        return node == null ? 0 : node.height;
    }

    /// Puts a subtree in the place of a node.
    private void replace(Node node, @Nullable Node by) {
        Node parent = node.parent;
        if (parent == null) {
            root = by;
        } else if (parent.left == node) {
            parent.left = by;
        } else {
            parent.right = by;
        }
        if (by != null) {
            by.parent = parent;
        }
    }

    private void rebalanceFrom(@Nullable Node from) {
        Node at = from;
        while (at != null) {
            at.update();
            Node left = at.left;
            Node right = at.right;
            if (left != null && at.balance() > 1) {
                if (left.right != null && left.balance() < 0) {
                    rotateLeft(left, left.right);
                }
                assert at.left != null;
                at = rotateRight(at, at.left);
            } else if (right != null && at.balance() < -1) {
                if (right.left != null && right.balance() > 0) {
                    rotateRight(right, right.left);
                }
                assert at.right != null;
                at = rotateLeft(at, at.right);
            }
            at = at.parent;
        }
    }

    /// Lifts a right child above its parent.
    private Node rotateLeft(Node top, Node child) {
        replace(top, child);
        top.right = child.left;
        if (top.right != null) {
            top.right.parent = top;
        }
        child.left = top;
        top.parent = child;
        top.update();
        child.update();
        return child;
    }

    /// Lifts a left child above its parent.
    private Node rotateRight(Node top, Node child) {
        replace(top, child);
        top.left = child.right;
        if (top.left != null) {
            top.left.parent = top;
        }
        child.right = top;
        top.parent = child;
        top.update();
        child.update();
        return child;
    }

    /// Whether order, heights and last offsets are right everywhere; for assertions and tests.
    public boolean isConsistent() {
        return countBelow(root, null) == size;
    }

    /// @return the nodes below `top`, or a negative number if something is wrong there
    private static int countBelow(@Nullable Node top, @Nullable Node parent) {
        if (top == null) {
            return 0;
        }
        int left = countBelow(top.left, top);
        int right = countBelow(top.right, top);
        int height = top.height;
        long subtreeLast = top.subtreeLast;
        top.update();
        boolean consistent =
                left >= 0
                        && right >= 0
                        && top.parent == parent
                        && height == top.height
                        && subtreeLast == top.subtreeLast
                        && Math.abs(top.balance()) <= 1
                        && (top.left == null || top.left.first <= top.first)
                        && (top.right == null || top.right.first >= top.first);
        return consistent ? left + right + 1 : Integer.MIN_VALUE / 2;
    }
}
