package farpage.mm.memcg;

import farpage.mm.Errno;
import farpage.mm.PageSize;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/// A group of processes whose pages are counted together, inside the groups around it.
///
/// @kernel mm/memcontrol.c: struct mem_cgroup
public final class MemCgroup {
    /// What happened at a group's limits.
    ///
    /// @kernel include/linux/memcontrol.h: enum memcg_memory_event
    public enum Event {
        /// A charge met the limit.
        MAX(0),
        /// Nothing more could be reclaimed, and the charge was refused.
        OOM(1),
        /// A page could not be swapped out because of the limit for swap.
        SWAP_MAX(2),
        /// The machine, or the process itself, ran out of swap slots.
        SWAP_FAIL(3);

        private final int slot;

        Event(int slot) {
            this.slot = slot;
        }
    }

    private final MemCgroups groups;
    private final int number;
    private final String name;
    private final @Nullable MemCgroup parent;
    private final PageCounter memory;
    private final PageCounter swap;
    private final AtomicLongArray events = new AtomicLongArray(Event.values().length);
    private final AtomicIntegerArray counts = new AtomicIntegerArray(2);

    private static final int PROCESSES = 0;
    private static final int CHILDREN = 1;

    private volatile boolean removed;

    MemCgroup(MemCgroups groups, int number, String name, @Nullable MemCgroup parent) {
        this.groups = groups;
        this.number = number;
        this.name = name;
        this.parent = parent;
        this.memory = new PageCounter(this, parent == null ? null : parent.memory);
        this.swap = new PageCounter(this, parent == null ? null : parent.swap);
    }

    int number() {
        return number;
    }

    public String name() {
        return name;
    }

    /// The group around this one; null for the root.
    public @Nullable MemCgroup parent() {
        return parent;
    }

    public boolean isRoot() {
        return parent == null;
    }

    /// Whether this is the other group or lies within it.
    ///
    /// @kernel include/linux/memcontrol.h: mem_cgroup_is_descendant
    public boolean isWithin(MemCgroup other) {
        for (MemCgroup at = this; at != null; at = at.parent) {
            if (at == other) {
                return true;
            }
        }
        return false;
    }

    PageCounter memory() {
        return memory;
    }

    PageCounter swap() {
        return swap;
    }

    /// Bytes charged to the group and those within: `memory.current`. The root counts only what is
    /// charged to the others.
    public long usage() {
        return PageSize.pageAddress(memory.usage());
    }

    /// The most bytes that were ever charged: `memory.peak`.
    public long peak() {
        return PageSize.pageAddress(memory.watermark());
    }

    /// Bytes of swap slots charged: `memory.swap.current`.
    public long swapUsage() {
        return PageSize.pageAddress(swap.usage());
    }

    /// Sets `memory.max`. What is charged beyond it is reclaimed as far as that is possible; the
    /// rest stays charged, and every further charge is refused.
    ///
    /// @param bytes rounded down to pages; a negative number for no limit
    /// @return EINVAL for the root
    /// @kernel mm/memcontrol.c: memory_max_write
    public Errno setMax(long bytes) {
        if (isRoot()) {
            return Errno.EINVAL;
        }
        memory.setMax(pages(bytes));
        groups.reclaimExcess(this);
        return Errno.OK;
    }

    /// Sets `memory.swap.max`; what lies in swap stays there.
    ///
    /// @return EINVAL for the root
    public Errno setSwapMax(long bytes) {
        if (isRoot()) {
            return Errno.EINVAL;
        }
        swap.setMax(pages(bytes));
        return Errno.OK;
    }

    private static long pages(long bytes) {
        return bytes < 0 ? PageCounter.UNLIMITED : PageSize.pageNumber(bytes);
    }

    /// Events here and in the groups within: a line of `memory.events`.
    public long events(Event event) {
        return events.get(event.slot);
    }

    void count(Event event) {
        for (MemCgroup at = this; at != null; at = at.parent) {
            at.events.getAndIncrement(event.slot);
        }
    }

    /// What the group's pages are, counted page by page: `memory.stat`. For quiet points.
    public MemCgroupStat stat() {
        return groups.stat(this);
    }

    /// Takes the group away. Pages that are still charged to it stay so until they are freed.
    ///
    /// @return EBUSY if there are processes or groups in it; EINVAL for the root
    /// @kernel kernel/cgroup/cgroup.c: cgroup_destroy_locked
    public Errno remove() {
        return groups.remove(this);
    }

    public boolean isRemoved() {
        return removed;
    }

    void setRemoved() {
        removed = true;
    }

    /// A process came into the group.
    public void addProcess() {
        counts.getAndIncrement(PROCESSES);
    }

    /// A process left it. Its pages stay charged.
    public void removeProcess() {
        int before = counts.getAndDecrement(PROCESSES);
        assert before > 0 : this + " has no process that could leave";
    }

    void addChild(int delta) {
        counts.getAndAdd(CHILDREN, delta);
    }

    boolean isPopulated() {
        return counts.get(PROCESSES) != 0 || counts.get(CHILDREN) != 0;
    }

    /// As `memory.events` prints them.
    public String eventsText() {
        StringBuilder text = new StringBuilder();
        for (Event event : Event.values()) {
            text.append(event.name().toLowerCase(Locale.ROOT))
                    .append(' ')
                    .append(events(event))
                    .append('\n');
        }
        return text.toString();
    }

    @Override
    public String toString() {
        return parent == null ? "/" : (parent.isRoot() ? "" : parent.toString()) + "/" + name;
    }
}
