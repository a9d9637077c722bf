package farpage.mm.reclaim;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.VmStat;
import farpage.mm.memcg.MemCgroup;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Reclaim of one machine's system memory, by whoever needs a frame or met the limit of a group.
/// Any number of threads may reclaim at once; each takes the next stretch of frames.
///
/// The caller may hold folio locks and anything outer: other folios are only tried.
///
/// @kernel mm/vmscan.c: try_to_free_pages, try_to_free_mem_cgroup_pages
public final class Reclaim {
    /// What is reclaimed at least, so that the next ones find something.
    ///
    /// @kernel include/linux/swap.h: SWAP_CLUSTER_MAX
    private static final int CLUSTER = 32;

    /// Frames that one thread takes at a time, and over which active and inactive folios are
    /// weighed.
    private static final int STRETCH = 256;

    /// Rounds over all frames before reclaim gives up: a folio in use is let off in the first, may
    /// become active in the second and inactive in the third, and goes in the fourth.
    private static final int ROUND_LIMIT = 6;

    private final Machine machine;
    private final FolioTable folios;
    private final ReclaimFolio reclaimFolio;

    /// The next stretch of each node.
    private final AtomicInteger[] hands;

    /// Pages that `MADV_FREE` marked and that were not found yet; an upper bound.
    private final AtomicLong lazyFreePages = new AtomicLong();

    private final int[] allNodes;

    /// Pages of files on disks that are in RAM.
    private final AtomicLong filePages = new AtomicLong();

    /// One is made by the machine.
    public Reclaim(Machine machine) {
        this.machine = machine;
        this.folios = machine.folios();
        this.reclaimFolio = new ReclaimFolio(machine);
        this.hands = new AtomicInteger[machine.numa().count()];
        Arrays.setAll(hands, node -> new AtomicInteger());
        this.allNodes = IntStream.range(0, hands.length).toArray();
    }

    /// Frees frames where an allocation looks that names no node.
    public long reclaim(long wanted) {
        return reclaim(wanted, machine.numa().zonelist());
    }

    /// Frees frames for an allocation that found none on some nodes. Folios of a node above the
    /// last tier move down, if that is enabled; what must leave memory goes to swap or its file.
    ///
    /// @param nodes whose frames are looked at, the most wanted first
    /// @return how many were freed; 0 if memory is really out
    public long reclaim(long wanted, int[] nodes) {
        machine.vmStat().count(VmStat.Event.ALLOCSTALL_NORMAL, 1);
        return shrink(null, wanted, nodes);
    }

    /// The same for a node that folios are about to move to.
    long makeRoom(int node) {
        return shrink(null, CLUSTER, new int[] {node});
    }

    /// Frees pages charged to a group or to one within it.
    ///
    /// @return how many were freed
    public long reclaimGroup(MemCgroup group, long wanted) {
        return shrink(group, wanted, allNodes);
    }

    /// Frees one folio even if it was used a moment ago, as `MADV_PAGEOUT` asks.
    ///
    /// @param page its head
    /// @return whether frames of it are free now
    public boolean reclaimPage(long page) {
        return reclaimFolio.reclaim(page, true, null) > 0;
    }

    /// The pages of a folio were marked by `MADV_FREE`: until they are written again they can go
    /// without being saved.
    ///
    /// @kernel mm/swap.c: folio_mark_lazyfree
    public void noteLazyFree(int pageCount) {
        lazyFreePages.getAndAdd(pageCount);
        machine.vmStat().count(VmStat.Event.PGLAZYFREE, pageCount);
    }

    /// Pages of files on disks came into RAM, or went.
    public void noteFilePages(int count) {
        filePages.getAndAdd(count);
    }

    private long shrink(@Nullable MemCgroup group, long wanted, int[] nodes) {
        long target = Math.max(wanted, CLUSTER);
        long freed = machine.hugePages().deferredSplit().split(group, wanted);
        if (freed >= wanted) {
            return freed;
        }
        // What moves down is still charged to its group.
        boolean demotes = group == null && machine.numa().isDemotionEnabled();
        Demotion demotion = demotes ? new Demotion(machine) : null;
        for (int round = 0; round < ROUND_LIMIT && canReclaim(); round++) {
            for (int node : nodes) {
                freed += shrinkNode(group, node, target - freed, demotion);
            }
            if (freed >= target || round > 0 && freed >= wanted) {
                break;
            }
        }
        return freed;
    }

    /// One round over the frames of a node, or less if that is enough.
    private long shrinkNode(
            @Nullable MemCgroup group, int node, long target, @Nullable Demotion demotion) {
        int start = (int) Page.pfn(machine.ram().firstPage(node));
        int frames = machine.ram().pageCount(node);
        int stretches = (frames + STRETCH - 1) / STRETCH;
        long freed = 0;
        for (int done = 0; done < stretches && freed < target; done++) {
            int stretch = Math.floorMod(hands[node].getAndIncrement(), stretches);
            int first = start + stretch * STRETCH;
            int end = Math.min(start + frames, first + STRETCH);
            freed += shrink(group, first, end, demotion);
        }
        return freed;
    }

    /// Whether a round over the frames could free anything.
    public boolean canReclaim() {
        return machine.swap().freeSlotCount() > 0
                || machine.swap().isInUse()
                || lazyFreePages.get() > 0
                || filePages.get() > 0
                || Demotion.isPossible(machine);
    }

    /// One stretch, with the folios that begin in it: the inactive folios are tried, then the
    /// active ones deactivated if they outnumber them.
    ///
    /// @kernel mm/vmscan.c: shrink_lruvec, inactive_is_low
    private long shrink(
            @Nullable MemCgroup group, int first, int end, @Nullable Demotion demotion) {
        int active = 0;
        int inactive = 0;
        long freed = 0;
        for (int pfn = first; pfn < end; pfn++) {
            long page = Page.ofPfn(pfn);
            if (!isCandidate(page, group)) {
                continue;
            }
            int pageCount = folios.pageCount(page);
            if (folios.hasFlag(page, FolioFlags.ACTIVE)) {
                active += pageCount;
                continue;
            }
            inactive += pageCount;
            boolean lazyFree =
                    !folios.hasFlag(page, FolioFlags.SWAPBACKED) && folios.isAnonymous(page);
            int freedHere = reclaimFolio.reclaim(page, false, demotion);
            freed += freedHere;
            if (lazyFree) {
                lazyFreePages.getAndAdd(-freedHere);
            }
        }
        if (demotion != null) {
            freed += demotion.flush();
        }
        machine.vmStat().count(VmStat.Event.PGSCAN_DIRECT, inactive);
        if (active > inactive - freed) {
            deactivate(group, first, end);
        }
        return freed;
    }

    private boolean isCandidate(long page, @Nullable MemCgroup group) {
        return folios.isKnown(page)
                && folios.hasFlag(page, FolioFlags.LRU)
                && folios.head(page) == page
                && (group == null || machine.memcgs().ofPage(page).isWithin(group));
    }

    /// @kernel mm/vmscan.c: shrink_active_list
    private void deactivate(@Nullable MemCgroup group, int first, int end) {
        int deactivated = 0;
        for (int pfn = first; pfn < end; pfn++) {
            long page = Page.ofPfn(pfn);
            if (isCandidate(page, group) && folios.testAndClearFlag(page, FolioFlags.ACTIVE)) {
                folios.setFlag(page, FolioFlags.WORKINGSET);
                deactivated += folios.pageCount(page);
            }
        }
        machine.vmStat().count(VmStat.Event.PGDEACTIVATE, deactivated);
    }
}
