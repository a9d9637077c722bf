package farpage.mm;

import farpage.mm.file.FileTable;
import farpage.mm.file.FilesOnDevices;
import farpage.mm.hugememory.HugePages;
import farpage.mm.hugetlb.HugetlbPool;
import farpage.mm.khugepaged.Khugepaged;
import farpage.mm.ksm.Ksm;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.memcg.MemCgroup;
import farpage.mm.memcg.MemCgroups;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.memory.HostMemory;
import farpage.mm.memoryfailure.MemoryFailure;
import farpage.mm.mempolicy.Mempolicy;
import farpage.mm.migrate.FolioMigration;
import farpage.mm.numa.MemoryNode;
import farpage.mm.numa.NumaNodes;
import farpage.mm.physical.PhysicalAddressMap;
import farpage.mm.reclaim.Reclaim;
import farpage.mm.swap.SwapSpace;
import farpage.mm.zonedevice.DevicePagemap;
import farpage.mm.zonedevice.DevicePrivateOps;
import farpage.mm.zonedevice.PagemapRegistration;
import farpage.mm.zonedevice.PagemapRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One machine: its RAM, its memmap, the device pages registered with it, and its processes.
///
/// @kernel mm/mm_init.c, mm/memremap.c
public final class Machine implements AutoCloseable {
    /// Room for device pages: 2 TiB of each type. The memmap for them is made as they are used.
    private static final long DEVICE_PAGE_COUNT_MAX = Page.P2PDMA_DEVICE_PFN_MAX + 1;

    /// How often in a row an allocation is tried again after reclaim freed nothing because others
    /// held the folios, or, for a large folio, freed frames that do not make one.
    private static final int RECLAIM_RETRY_LIMIT = 16;

    /// How often others get the processor before the next attempt doubles that many times.
    private static final int RECLAIM_YIELD_DOUBLINGS = 10;

    private final HostMemory ram;
    private final NumaNodes numa;
    private final FolioTable folios;
    private final VmStat vmStat = new VmStat();
    private final FileTable files = new FileTable(this);
    private final FilesOnDevices filesOnDevices = new FilesOnDevices();
    private final SwapSpace swap = new SwapSpace(this);
    private final MemCgroups memcgs = new MemCgroups(this);
    private final HugetlbPool hugetlb = new HugetlbPool(this);
    private final Reclaim reclaim;
    private final MemoryFailure memoryFailure;
    private final HugePages hugePages;
    private volatile Set<KernelDefect> kernelDefects = Set.of();
    private final long zeroPage;
    private final FolioMigration folioMigration = new FolioMigration();
    private final Ksm ksm;
    private final Khugepaged khugepaged = new Khugepaged(this);

    private final RankedLock registry = new RankedLock(LockRank.DEVICE_REGISTRY);
    private final List<Mm> processes = new ArrayList<>();

    private int nextProcessId = 1;
    private volatile boolean migrationKeepsAccess = true;

    private final PagemapRegistry pagemaps;
    private final Pfns pfns;
    private final PageBytes pageBytes;

    /// A machine with one node, whose device pages are outside its physical address map.
    ///
    /// @param ramSize bytes of RAM
    public Machine(long ramSize) {
        this(ramSize, Optional.empty());
    }

    /// A machine with one node.
    ///
    /// @param ramSize bytes of RAM
    /// @param map as the third argument of the next
    public Machine(long ramSize, Optional<PhysicalAddressMap> map) {
        this(ramSize, List.of(), map);
    }

    /// A machine with nodes that have no CPUs besides.
    ///
    /// @param ramSize bytes of RAM: of node 0
    /// @param nodes the others, from node 1 on
    /// @param map that device pages are put in, the machine's own from now on; empty if they are
    ///   outside it
    public Machine(long ramSize, List<MemoryNode> nodes, Optional<PhysicalAddressMap> map) {
        ram = new HostMemory(sizes(ramSize, nodes));
        boolean complete = false;
        try {
            numa = new NumaNodes(ram, nodes);
            folios = new FolioTable(ram.pageCount(), DEVICE_PAGE_COUNT_MAX);
            pagemaps = new PagemapRegistry(folios, ram.pageCount(), map);
            pfns = new Pfns(pagemaps, ram.pageCount(), map);
            pageBytes = new PageBytes(ram, pagemaps);
            reclaim = new Reclaim(this);
            memoryFailure = new MemoryFailure(this);
            hugePages = new HugePages(this);
            zeroPage = ram.allocate(0);
            Check.that(zeroPage != Page.NONE, "no frame for the zero page");
            folios.init(zeroPage, 0, FolioFlags.RESERVED | FolioFlags.UPTODATE);
            ram.zero(zeroPage, 0);
            ksm = new Ksm(this);
            complete = true;
        } finally {
            if (!complete) {
                ram.close();
            }
        }
    }

    private static long[] sizes(long ramSize, List<MemoryNode> nodes) {
        long[] sizes = new long[nodes.size() + 1];
        sizes[0] = ramSize;
        for (int i = 0; i < nodes.size(); i++) {
            sizes[i + 1] = nodes.get(i).size();
        }
        return sizes;
    }

    /// The memory of all nodes.
    public HostMemory ram() {
        return ram;
    }

    /// The nodes; only one at first.
    public NumaNodes numa() {
        return numa;
    }

    public FolioTable folios() {
        return folios;
    }

    /// Which page a PFN names, and which PFN a page has.
    public Pfns pfns() {
        return pfns;
    }

    /// The bytes of every page that a CPU can reach.
    public PageBytes pageBytes() {
        return pageBytes;
    }

    /// The swap areas; there are none at first.
    public SwapSpace swap() {
        return swap;
    }

    /// The memory cgroups; only the root at first.
    public MemCgroups memcgs() {
        return memcgs;
    }

    public Reclaim reclaim() {
        return reclaim;
    }

    /// Which sizes of folio memory is made of.
    public HugePages hugePages() {
        return hugePages;
    }

    /// The huge pages that are set aside; none at first.
    public HugetlbPool hugetlb() {
        return hugetlb;
    }

    /// Memory that broke.
    public MemoryFailure memoryFailure() {
        return memoryFailure;
    }

    /// How ordinary migrations copy; as Linux at first.
    public FolioMigration folioMigration() {
        return folioMigration;
    }

    public VmStat vmStat() {
        return vmStat;
    }

    /// Whether migration entries have room for the young and the dirty bit, as x86-64's have. Where
    /// they have none, a page that was migrated is old and its entry clean; that its contents are
    /// dirty is known to the folio.
    ///
    /// @kernel include/linux/swapops.h: migration_entry_supports_ad
    public boolean migrationKeepsAccess() {
        return migrationKeepsAccess;
    }

    /// Chooses an architecture with or without that room, before anything migrates.
    public void setMigrationKeepsAccess(boolean keeps) {
        migrationKeepsAccess = keeps;
    }

    /// Has the machine behave as Linux 7.0 does where that is not what is meant, before anything
    /// runs on it.
    public void setKernelDefects(Set<KernelDefect> defects) {
        kernelDefects = Set.copyOf(defects);
    }

    /// Whether the machine does what Linux 7.0 does instead of what is meant.
    public boolean has(KernelDefect defect) {
        return kernelDefects.contains(defect);
    }

    public Ksm ksm() {
        return ksm;
    }

    /// The search for memory that could be mapped hugely.
    public Khugepaged khugepaged() {
        return khugepaged;
    }

    /// The files that are open.
    public FileTable files() {
        return files;
    }

    /// What becomes of pages of files that a device wants; nothing at first.
    public FilesOnDevices filesOnDevices() {
        return filesOnDevices;
    }

    /// The page of zeros that read faults on untouched anonymous memory map. Mappings of it are not
    /// counted.
    public long zeroPage() {
        return zeroPage;
    }

    /// Whether the page is one of zeros that any process may map: the zero page, or a part of the
    /// huge one.
    public boolean isZeroPage(long page) {
        return page == zeroPage || hugePages.isZeroPage(page);
    }

    /// A system folio with one reference, in nobody's hands yet; its bytes are not cleared. If
    /// there is none, others are reclaimed: the caller holds nothing inner than a folio lock.
    ///
    /// @return [Page#NONE] if memory is out
    /// @kernel mm/page_alloc.c: folio_alloc
    public long allocateFolio(int order) {
        return allocateFolio(order, numa.zonelist());
    }

    /// The same from the first of some nodes that has one.
    ///
    /// @param nodes in the order in which they are tried
    private long allocateFolio(int order, int[] nodes) {
        long page = numa.allocate(order, nodes);
        int failed = 0;
        while (page == Page.NONE && failed < RECLAIM_RETRY_LIMIT) {
            if (reclaim.reclaim(1L << order, nodes) > 0) {
                failed = order == 0 ? 0 : failed + 1; // scattered frames do not help a large one
            } else if (isReclaimFutile(failed++)) {
                return Page.NONE;
            }
            page = numa.allocate(order, nodes);
        }
        if (page != Page.NONE) {
            folios.init(page, order, 0);
        }
        return page;
    }

    /// Whether reclaim that freed nothing need not be tried again. Else the folios may only have
    /// been in the hands of others, who get time to let go of them.
    ///
    /// @kernel mm/page_alloc.c: should_reclaim_retry
    @SuppressWarnings("ThreadPriorityCheck") // who holds the folios may want this processor
    private boolean isReclaimFutile(int failed) {
        if (!reclaim.canReclaim()) {
            return true;
        }
        for (int i = 0; i < 1 << Math.min(failed, RECLAIM_YIELD_DOUBLINGS); i++) {
            Thread.yield();
        }
        return false;
    }

    /// A system folio with one reference from what is free, which may be too scattered for it.
    /// Nothing is reclaimed for its sake: smaller ones will do.
    ///
    /// @return [Page#NONE] if there is none
    /// @kernel include/linux/gfp_types.h: GFP_TRANSHUGE_LIGHT
    public long tryAllocateFolio(int order) {
        return tryAllocateFolio(order, numa.zonelist());
    }

    /// The same from the first of some nodes that has one.
    ///
    /// @param nodes in the order in which they are tried
    public long tryAllocateFolio(int order, int[] nodes) {
        long page = numa.allocate(order, nodes);
        if (page != Page.NONE) {
            folios.init(page, order, 0);
        }
        return page;
    }

    /// A large system folio for memory that was asked to be made of such: if what is free is too
    /// little for one, others are reclaimed once. If it is only scattered, nothing is done about
    /// that. The caller holds nothing inner than a folio lock.
    ///
    /// @return [Page#NONE] if there is none
    /// @kernel include/linux/gfp_types.h: GFP_TRANSHUGE; mm/compaction.c: compaction_suitable
    public long allocateLargeFolio(int order) {
        long page = tryAllocateFolio(order);
        if (page == Page.NONE && ram.freePageCount(NumaNodes.LOCAL) < 2 << order) {
            long _ = reclaim.reclaim(1L << order, numa.zonelist());
            page = tryAllocateFolio(order);
        }
        return page;
    }

    /// A system page for contents of a process, charged to its memory cgroup.
    ///
    /// @return [Page#NONE] if memory is out, or the limit of the cgroup is met
    /// @kernel mm/memory.c: folio_prealloc
    public long allocateCharged(Mm mm) {
        return charged(allocateFolio(0), mm);
    }

    /// A system page for contents of a process, from where the policy of its place wants it, and
    /// charged to the memory cgroup of the process.
    ///
    /// @return [Page#NONE] if the nodes of the policy are full, or the limit of the cgroup is met
    /// @kernel mm/mempolicy.c: vma_alloc_folio
    public long allocateCharged(Vma vma) {
        return charged(allocateFolio(vma), vma.mm());
    }

    /// The same without a charge.
    ///
    /// @kernel mm/mempolicy.c: vma_alloc_folio
    public long allocateFolio(Vma vma) {
        Mempolicy policy = vma.effectiveMempolicy();
        return allocateFolio(0, policy == null ? numa.zonelist() : policy.zonelist(numa));
    }

    /// A system folio of one node and no other. If it is full, folios of that node are reclaimed.
    ///
    /// @return [Page#NONE] if the node has none
    /// @kernel include/linux/gfp_types.h: __GFP_THISNODE
    public long allocateFolioOn(int node, int order) {
        return allocateFolio(order, new int[] {node});
    }

    private long charged(long page, Mm mm) {
        if (page != Page.NONE && !memcgs.charge(page, mm.memcg())) {
            put(page);
            return Page.NONE;
        }
        return page;
    }

    /// Base pages as destinations of a migration: locked, with one reference each.
    ///
    /// @return how many; fewer than `count` if memory is out
    public int allocateLockedPages(long[] pages, int count) {
        int allocated = ram.allocateBatch(pages, count);
        if (allocated < count && !numa.isSingle()) {
            allocated = numa.fallBack(pages, allocated, count);
        }
        int failed = 0;
        while (allocated < count && failed < RECLAIM_RETRY_LIMIT) {
            if (reclaim.reclaim(count - allocated, numa.zonelist()) > 0) {
                failed = 0;
            } else if (isReclaimFutile(failed++)) {
                break;
            }
            long[] more = new long[count - allocated];
            int found = ram.allocateBatch(more, more.length);
            System.arraycopy(more, 0, pages, allocated, found);
            allocated += found;
        }
        for (int from = 0; from < allocated; ) {
            int to = from + 1;
            while (to < allocated && pages[to] == pages[to - 1] + 1) {
                to++;
            }
            folios.initLockedPages(pages[from], to - from, null);
            from = to;
        }
        return allocated;
    }

    /// Drops a reference and frees the folio with the last one: to the buddy allocator, or to the
    /// driver of its device.
    ///
    /// @kernel mm/swap.c: folio_put
    public void put(long page) {
        if (folios.putTestZero(page)) {
            free(folios.head(page));
        }
    }

    /// Drops several references of one folio, and frees it with the last one.
    ///
    /// @kernel include/linux/mm.h: folio_put_refs
    public void put(long page, int count) {
        if (folios.putTestZero(page, count)) {
            free(folios.head(page));
        }
    }

    /// Drops a pin, and frees the folio if that was the last reference.
    ///
    /// @kernel mm/gup.c: unpin_user_page
    public void unpin(long page) {
        if (folios.unpinTestZero(page)) {
            free(folios.head(page));
        }
    }

    private void free(long page) {
        assert !folios.isLocked(page) : Page.describe(page) + " was freed while locked";
        assert folios.mapCount(page) == 0 : Page.describe(page) + " was freed while mapped";
        if (memcgs.isEnabled()) {
            memcgs.uncharge(page);
        }
        if (Page.isDevice(page)) {
            pagemap(page).freeFolio(page);
            return;
        }
        if (folios.hasFlag(page, FolioFlags.HUGETLB)) {
            hugetlb.free(page);
            return;
        }
        freeFrames(page);
    }

    /// The frame of a broken page is lost.
    ///
    /// @kernel mm/page_alloc.c: free_pages_prepare
    private void freeFrames(long page) {
        int order = folios.order(page);
        if (memoryFailure.isAny() && isAnyBroken(page, 1 << order)) {
            freeUnbroken(page, 1 << order);
        } else {
            folios.reset(page);
            ram.free(page, order);
        }
    }

    private boolean isAnyBroken(long page, int pageCount) {
        for (int i = 0; i < pageCount; i++) {
            if (folios.hasFlag(page + i, FolioFlags.HWPOISON)) {
                return true;
            }
        }
        return false;
    }

    /// @kernel mm/page_alloc.c: free_has_hwpoisoned
    private void freeUnbroken(long page, int pageCount) {
        boolean[] broken = new boolean[pageCount];
        for (int i = 0; i < pageCount; i++) {
            broken[i] = folios.hasFlag(page + i, FolioFlags.HWPOISON);
        }
        folios.reset(page);
        for (int i = 0; i < pageCount; i++) {
            if (broken[i]) {
                folios.setFlag(page + i, FolioFlags.HWPOISON);
            } else {
                ram.free(page + i, 0);
            }
        }
    }

    /// System pages that somebody uses: neither free nor broken, the pages of zeros apart.
    public int usedPageCount() {
        boolean zeroPageBroke = folios.hasFlag(zeroPage, FolioFlags.HWPOISON);
        int lost = memoryFailure.poisonedPageCount() + (zeroPageBroke ? 0 : 1);
        return ram.pageCount() - ram.freePageCount() - lost - idleHugeFrames();
    }

    /// Frames that nobody uses although they are allocated.
    private int idleHugeFrames() {
        return hugePages.zeroPageFrames() + hugetlb.freeCount() * PageSize.ENTRIES_PER_TABLE;
    }

    /// Frees a system folio whose references were frozen: reclaim made sure that nobody can find
    /// it.
    ///
    /// @kernel mm/vmscan.c: free_unref_folios
    public void freeFrozen(long page) {
        assert folios.refCount(page) == 0;
        assert folios.mapCount(page) == 0 : Page.describe(page) + " was freed while mapped";
        if (memcgs.isEnabled()) {
            memcgs.uncharge(page);
        }
        freeFrames(page);
    }

    /// Drops a reference of each page, and frees together those that it was the last of.
    ///
    /// @param pages one of each folio; changed by the call
    /// @kernel mm/swap.c: folios_put
    public void putAll(long[] pages, int count) {
        int freed = 0;
        for (int i = 0; i < count; i++) {
            long page = pages[i];
            if (folios.putTestZero(page)) {
                assert !folios.isLocked(page) : Page.describe(page) + " was freed while locked";
                assert folios.mapCount(page) == 0 : Page.describe(page) + " was freed mapped";
                if (folios.isLarge(page)) {
                    free(folios.head(page));
                } else {
                    pages[freed++] = page;
                }
            }
        }
        for (int from = 0; from < freed; ) {
            int to = from + 1;
            while (to < freed && pages[to] == pages[to - 1] + 1) {
                to++;
            }
            freeRun(pages[from], to - from);
            from = to;
        }
    }

    private void freeRun(long firstPage, int count) {
        if (memcgs.isEnabled()) {
            for (int i = 0; i < count; i++) {
                memcgs.uncharge(firstPage + i);
            }
        }
        if (!Page.isDevice(firstPage) && memoryFailure.isAny()) {
            for (int i = 0; i < count; i++) {
                freeFrames(firstPage + i);
            }
            return;
        }
        if (!Page.isDevice(firstPage)) {
            for (int i = 0; i < count; i++) {
                folios.reset(firstPage + i);
            }
            ram.freeRun(firstPage, count);
            return;
        }
        for (int from = 0; from < count; ) {
            DevicePagemap pagemap = pagemap(firstPage + from);
            int inPagemap =
                    Math.min(count - from, pagemap.pageCount() - pagemap.index(firstPage + from));
            pagemap.freePages(firstPage + from, inPagemap);
            from += inPagemap;
        }
    }

    /// Whether base pages may go straight from [FolioTable#tryUnlockAndFree(long)] to
    /// [#freeTaken(long\[\], int, int)]: nothing else is kept of any page.
    public boolean freesTaken() {
        return !memcgs.isEnabled() && !memoryFailure.isAny();
    }

    /// Frees the frames of base pages, those at `[from, to)` of a list, that nobody holds and that
    /// have forgotten what they were used for. All are of the system, or all of devices.
    public void freeTaken(long[] pages, int from, int to) {
        for (int first = from; first < to; ) {
            if (!Page.isDevice(pages[first])) {
                ram.freeAll(pages, first, to);
                return;
            }
            DevicePagemap pagemap = pagemap(pages[first]);
            int next = first + 1;
            while (next < to && pagemap.contains(pages[next])) {
                next++;
            }
            pagemap.freeTakenPages(pages, first, next);
            first = next;
        }
    }

    // Processes.

    /// A process with nothing mapped.
    public Mm newProcess() {
        return newProcess(memcgs.root());
    }

    /// A process with nothing mapped, in a memory cgroup: what it and its children use is charged
    /// there.
    public Mm newProcess(MemCgroup group) {
        registry.lock();
        try {
            Mm mm = new Mm(this, nextProcessId++, group);
            group.addProcess();
            processes.add(mm);
            return mm;
        } finally {
            registry.unlock();
        }
    }

    void exited(Mm mm) {
        mm.memcg().removeProcess();
        registry.lock();
        processes.remove(mm);
        registry.unlock();
    }

    /// The processes that have not exited.
    public List<Mm> processes() {
        registry.lock();
        try {
            return List.copyOf(processes);
        } finally {
            registry.unlock();
        }
    }

    // Device pages.

    /// Registers device pages.
    ///
    /// @kernel mm/memremap.c: memremap_pages
    public PagemapRegistration memremapPages(PagemapRequest request) {
        return pagemaps.register(request);
    }

    /// Registers device-private pages, for a driver that can do nothing if it is refused.
    ///
    /// @throws IllegalArgumentException if it is
    public DevicePagemap memremapPages(int pageCount, DevicePrivateOps ops, Object owner) {
        return switch (memremapPages(PagemapRequest.devicePrivate(pageCount, ops, owner))) {
            case PagemapRegistration.Registered(DevicePagemap pagemap) -> pagemap;
            case PagemapRegistration.Refused(Errno _, String reason) ->
                    throw new IllegalArgumentException(
                            "pageCount: value="
                                    + pageCount
                                    + ", limit=1 to what is free below 2^29, "
                                    + reason);
        };
    }

    /// Takes device pages down. Waits until none of them is in use, so the driver must have moved
    /// everything out.
    ///
    /// @kernel mm/memremap.c: memunmap_pages
    public void memunmapPages(DevicePagemap pagemap) {
        pagemaps.unregister(pagemap);
    }

    /// The pagemap that a device page belongs to.
    ///
    /// @kernel include/linux/memremap.h: page_pgmap
    public DevicePagemap pagemap(long page) {
        return pagemaps.pagemap(page);
    }

    /// The pagemap of any number of a device page; null if none covers it.
    ///
    /// @kernel mm/memremap.c: get_dev_pagemap
    public @Nullable DevicePagemap lookupPagemap(long page) {
        return pagemaps.lookup(page);
    }

    public List<DevicePagemap> pagemaps() {
        return pagemaps.all();
    }

    /// Every process must have exited, every pagemap must be gone, every file closed.
    @Override
    public void close() {
        Check.that(processes().isEmpty(), "a machine was closed with processes on it");
        Check.that(pagemaps().isEmpty(), "a machine was closed with device pages registered");
        files.close();
        hugetlb.close();
        swap.close();
        ram.close();
    }
}
