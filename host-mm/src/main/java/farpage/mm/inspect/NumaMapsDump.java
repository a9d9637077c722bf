package farpage.mm.inspect;

import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.mempolicy.Mempolicy;
import farpage.mm.mempolicy.MempolicyMode;
import farpage.mm.numa.NumaNodes;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import org.jspecify.annotations.Nullable;

/// On which nodes the pages of a process lie, in the layout of `/proc/PID/numa_maps`. Pages of
/// devices lie on none: those that a CPU maps are counted apart, as `device`, of which the kernel
/// says nothing.
///
/// ```
/// 40000000 bind:1 anon=4 dirty=4 N0=1 N1=3 kernelpagesize_kB=4
/// ```
///
/// @kernel fs/proc/task_mmu.c: show_numa_map
public final class NumaMapsDump {
    private final Vma vma;
    private final NumaNodes numa;
    private final long[] onNode;
    private long anonymous;
    private long dirty;
    private long onDevice;

    private NumaMapsDump(Vma vma) {
        this.vma = vma;
        this.numa = vma.mm().machine().numa();
        this.onNode = new long[numa.count()];
    }

    /// One line a VMA, in address order. Takes the mmap lock for reading.
    public static String text(Mm mm) {
        StringBuilder text = new StringBuilder();
        mm.lockRead();
        try {
            for (Vma vma : mm.vmas()) {
                text.append(new NumaMapsDump(vma).line()).append('\n');
            }
        } finally {
            mm.unlockRead();
        }
        return text.toString();
    }

    private String line() {
        vma.mm().pageTable().walkLeaves(vma.start(), vma.end(), this::countLocked);
        StringBuilder line =
                new StringBuilder()
                        .append(Long.toHexString(vma.start()))
                        .append(' ')
                        .append(policy(vma.effectiveMempolicy()));
        append(line, "anon", anonymous);
        append(line, "dirty", dirty);
        for (int node = 0; node < onNode.length; node++) {
            append(line, "N" + node, onNode[node]);
        }
        append(line, "device", onDevice);
        return line.append(" kernelpagesize_kB=4").toString();
    }

    private static void append(StringBuilder line, String name, long count) {
        if (count > 0) {
            line.append(' ').append(name).append('=').append(count);
        }
    }

    private void countLocked(PageTableLeaf leaf, long from, long to) {
        for (long at = from; at < to; at += PageSize.PAGE_SIZE) {
            long entry = leaf.entryLocked(PageTableLeaf.slot(at));
            if (!PageTableEntry.isPresent(entry) || PageTableEntry.isSpecial(entry)) {
                continue;
            }
            long page = PageTableEntry.page(entry);
            if (Page.isDevice(page)) {
                onDevice++;
            } else {
                onNode[numa.node(page)]++;
            }
            anonymous += MappedPage.isAnonymous(vma.mm().machine(), page) ? 1 : 0;
            dirty += PageTableEntry.isDirty(entry) ? 1 : 0;
        }
    }

    /// @kernel mm/mempolicy.c: mpol_to_str
    private static String policy(@Nullable Mempolicy policy) {
        if (policy == null) {
            return "default";
        }
        MempolicyMode mode = policy.mode();
        String name =
                switch (mode) {
                    case DEFAULT -> "default";
                    case PREFERRED -> "prefer";
                    case BIND -> "bind";
                    case INTERLEAVE -> "interleave";
                    case LOCAL -> "local";
                };
        StringBuilder nodes = new StringBuilder();
        for (int node = 0; node < Long.SIZE; node++) {
            if ((policy.nodeMask() >> node & 1) != 0) {
                nodes.append(nodes.isEmpty() ? ":" : ",").append(node);
            }
        }
        return name + nodes;
    }
}
