package farpage.mm.memcg;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.rmap.AnonVma;
import farpage.mm.zonedevice.DevicePagemap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/// The memory cgroups of one machine, and the charging of pages to them.
///
/// @kernel mm/memcontrol.c
public final class MemCgroups {
    /// How often a charge that met a limit is tried again after something was reclaimed.
    ///
    /// @kernel mm/memcontrol.c: MAX_RECLAIM_RETRIES
    private static final int RECLAIM_RETRY_LIMIT = 16;

    /// The largest folio whose charge is tried again and again, in pages.
    ///
    /// @kernel include/linux/mmzone.h: PAGE_ALLOC_COSTLY_ORDER
    private static final int COSTLY_PAGES = 8;

    /// Numbers that the memmap has room for.
    private static final int GROUP_COUNT_MAX = Character.MAX_VALUE;

    private final Machine machine;
    private final RankedLock registry = new RankedLock(LockRank.DEVICE_REGISTRY);

    /// By number; the root's is 0. A number is never used again.
    private final CopyOnWriteArrayList<MemCgroup> groups = new CopyOnWriteArrayList<>();

    private final MemCgroup root;
    private volatile boolean enabled;

    /// One is made by the machine.
    public MemCgroups(Machine machine) {
        this.machine = machine;
        root = new MemCgroup(this, 0, "", null);
        groups.add(root);
    }

    public MemCgroup root() {
        return root;
    }

    /// Whether there ever was a group but the root: without, no page is charged to anything.
    ///
    /// @kernel include/linux/memcontrol.h: mem_cgroup_disabled
    public boolean isEnabled() {
        return enabled;
    }

    /// A group without limits inside another.
    ///
    /// @kernel mm/memcontrol.c: mem_cgroup_css_alloc
    public MemCgroup newGroup(MemCgroup parent, String name) {
        registry.lock();
        try {
            if (groups.size() > GROUP_COUNT_MAX) {
                throw new IllegalStateException(
                        "memory cgroups: limit=" + GROUP_COUNT_MAX + " over the machine's life");
            }
            MemCgroup group = new MemCgroup(this, groups.size(), name, parent);
            parent.addChild(1);
            groups.add(group);
            enabled = true;
            return group;
        } finally {
            registry.unlock();
        }
    }

    Errno remove(MemCgroup group) {
        MemCgroup parent = group.parent();
        if (parent == null) {
            return Errno.EINVAL;
        }
        registry.lock();
        try {
            if (group.isPopulated()) {
                return Errno.EBUSY;
            }
            if (!group.isRemoved()) {
                group.setRemoved();
                parent.addChild(-1);
            }
            return Errno.OK;
        } finally {
            registry.unlock();
        }
    }

    /// The group that a page is charged to.
    public MemCgroup ofPage(long page) {
        return groups.get(machine.folios().memcg(page));
    }

    // Charges.

    /// Charges a new folio to a group. If that meets a limit, pages of the group at the limit are
    /// reclaimed, so the caller holds nothing inner than a folio lock.
    ///
    /// @return false if nothing more can be reclaimed; the page is not charged then
    /// @kernel mm/memcontrol.c: mem_cgroup_charge, try_charge_memcg
    public boolean charge(long page, MemCgroup group) {
        if (group.isRoot()) {
            return true;
        }
        assert machine.folios().memcg(page) == 0 : Page.describe(page) + " is charged";
        int pages = 1 << machine.folios().order(page);
        for (int attempt = 0; attempt < RECLAIM_RETRY_LIMIT; attempt++) {
            MemCgroup full = group.memory().tryCharge(pages);
            if (full == null) {
                machine.folios().setMemcg(page, group.number());
                return true;
            }
            full.count(MemCgroup.Event.MAX);
            long freed = machine.reclaim().reclaimGroup(full, pages);
            if (pages > COSTLY_PAGES) {
                if (full.memory().max() - full.memory().usage() < pages) {
                    return false; // smaller folios will do
                }
            } else if (freed == 0) {
                full.count(MemCgroup.Event.OOM);
                return false;
            }
        }
        return false;
    }

    /// Charges a page read back from swap to the group that its slot is charged to, or to that of
    /// the process if the group is gone.
    ///
    /// @kernel mm/memcontrol.c: mem_cgroup_swapin_charge_folio
    public boolean chargeSwapIn(long page, int slotGroup, MemCgroup faulting) {
        MemCgroup group = groups.get(slotGroup);
        return charge(page, group.isRemoved() || slotGroup == 0 ? faulting : group);
    }

    /// The page is about to be freed. Call it only if [#isEnabled()].
    ///
    /// @kernel mm/memcontrol.c: mem_cgroup_uncharge
    public void uncharge(long page) {
        int number = machine.folios().memcg(page);
        if (number != 0) {
            machine.folios().setMemcg(page, 0);
            groups.get(number).memory().uncharge(1L << machine.folios().order(page));
        }
    }

    /// The charge goes where the contents go; the total stays.
    ///
    /// @kernel mm/memcontrol.c: mem_cgroup_migrate
    public void migrate(long from, long to) {
        int number = machine.folios().memcg(from);
        if (number != 0) {
            assert machine.folios().memcg(to) == 0 : Page.describe(to) + " is charged";
            machine.folios().setMemcg(from, 0);
            machine.folios().setMemcg(to, number);
        }
    }

    /// Charges one swap slot.
    ///
    /// @return false if a limit for swap forbids it
    /// @kernel mm/memcontrol.c: __mem_cgroup_try_charge_swap
    public boolean tryChargeSwap(int number) {
        if (number == 0) {
            return true;
        }
        MemCgroup full = groups.get(number).swap().tryCharge(1);
        if (full != null) {
            full.count(MemCgroup.Event.SWAP_MAX);
            full.count(MemCgroup.Event.SWAP_FAIL);
        }
        return full == null;
    }

    /// Takes back the charge of a swap slot; nothing for the slot of no group.
    ///
    /// @kernel mm/memcontrol.c: __mem_cgroup_uncharge_swap
    public void unchargeSwap(int number) {
        if (number != 0) {
            groups.get(number).swap().uncharge(1);
        }
    }

    /// Reclaims what a lowered limit no longer permits.
    void reclaimExcess(MemCgroup group) {
        for (int attempt = 0; attempt < RECLAIM_RETRY_LIMIT; attempt++) {
            long excess = group.memory().usage() - group.memory().max();
            if (excess <= 0 || machine.reclaim().reclaimGroup(group, excess) == 0) {
                return;
            }
        }
    }

    // Statistics.

    MemCgroupStat stat(MemCgroup group) {
        long[] counts = new long[5];
        for (int pfn = 0; pfn < machine.ram().pageCount(); pfn++) {
            countPage(Page.ofPfn(pfn), group, counts);
        }
        for (DevicePagemap pagemap : machine.pagemaps()) {
            for (int index = 0; index < pagemap.pageCount(); index++) {
                countPage(pagemap.page(index), group, counts);
            }
        }
        return MemCgroupStat.ofPages(
                counts[0], counts[1], counts[2], counts[3], counts[4], group.swap().usage());
    }

    private void countPage(long page, MemCgroup group, long[] counts) {
        FolioTable folios = machine.folios();
        if (!folios.isKnown(page) || folios.memcg(page) == 0 || !ofPage(page).isWithin(group)) {
            return;
        }
        @Nullable Object mapping = folios.mapping(page);
        boolean anonymous =
                mapping == null
                        || mapping instanceof AnonVma
                        || folios.hasFlag(page, FolioFlags.KSM);
        counts[0] += anonymous ? 1 : 0;
        counts[1] += anonymous ? 0 : 1;
        counts[2] += !anonymous && folios.hasFlag(page, FolioFlags.SWAPBACKED) ? 1 : 0;
        counts[3] += Page.isDevice(page) ? 1 : 0;
        counts[4] += folios.hasFlag(page, FolioFlags.SWAPCACHE) ? 1 : 0;
    }
}
