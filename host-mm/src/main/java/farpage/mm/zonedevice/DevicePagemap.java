package farpage.mm.zonedevice;

import farpage.mm.Check;
import farpage.mm.Page;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedCondition;
import farpage.mm.lock.RankedLock;
import farpage.mm.memory.FolioTable;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// A stretch of device pages with one driver and one owner. It counts the pages that are in use;
/// taking it down waits until there are none.
///
/// @kernel include/linux/memremap.h: struct dev_pagemap
public final class DevicePagemap {
    /// The first PFN of pages outside the physical address map.
    public static final long NO_PFN = -1;

    private final MemoryType type;
    private final DevicePagemapOps ops;
    private final Object owner;
    private final FolioTable folios;
    private final long firstDevicePfn;
    private final long firstPfn;
    private final int pageCount;
    private final @Nullable CpuMapping cpuMapping;

    private final RankedLock lock = new RankedLock(LockRank.WAIT_QUEUE);
    private final RankedCondition drained = lock.newCondition();
    private final AtomicInteger livePages = new AtomicInteger();
    private volatile boolean killed;

    /// Made by the machine that the pages are registered with, which has checked the request.
    ///
    /// @param firstDevicePfn where the pages were put
    /// @param firstPfn where that is in the physical address map, or [#NO_PFN]
    public DevicePagemap(
            PagemapRequest request, FolioTable folios, long firstDevicePfn, long firstPfn) {
        this.type = request.type();
        this.ops = Objects.requireNonNull(request.ops());
        this.owner = Objects.requireNonNull(request.owner());
        this.cpuMapping = request.cpuMapping();
        this.folios = folios;
        this.firstDevicePfn = firstDevicePfn;
        this.firstPfn = firstPfn;
        this.pageCount = request.pageCount();
    }

    public MemoryType type() {
        return type;
    }

    public DevicePagemapOps ops() {
        return ops;
    }

    /// The driver's side, where the pages are device-private.
    public DevicePrivateOps privateOps() {
        assert type == MemoryType.PRIVATE;
        return (DevicePrivateOps) ops;
    }

    /// How a CPU reaches the pages, where they are device-coherent.
    public CpuMapping cpuMapping() {
        CpuMapping mapping = cpuMapping;
        assert mapping != null : "no CPU reaches pages of type " + type;
        return mapping;
    }

    /// Whether the pages are those of this owner, which is never null.
    @SuppressWarnings("ReferenceEquality") // an owner is known by identity
    public boolean isOwnedBy(@Nullable Object candidate) {
        return owner == candidate;
    }

    public long firstDevicePfn() {
        return firstDevicePfn;
    }

    public int pageCount() {
        return pageCount;
    }

    /// The page at an index from 0 to [#pageCount()].
    public long page(int index) {
        assert index >= 0;
        assert index < pageCount;
        return Page.ofDevicePfn(firstDevicePfn + index);
    }

    /// The place of a page of this map, from 0.
    public int index(long page) {
        long index = Page.devicePfn(page) - firstDevicePfn;
        assert index >= 0;
        assert index < pageCount;
        return (int) index;
    }

    /// The first PFN, where the pages have any; else [#NO_PFN].
    public long firstPfn() {
        return firstPfn;
    }

    /// The PFN of a page of this map, which has one.
    public long pfn(long page) {
        assert firstPfn != NO_PFN : Page.describe(page) + " has no pfn";
        return firstPfn + index(page);
    }

    /// The page of a PFN of this map.
    public long pageOfPfn(long pfn) {
        return page(Math.toIntExact(pfn - firstPfn));
    }

    public boolean contains(long page) {
        return Page.isDevice(page)
                && Page.devicePfn(page) >= firstDevicePfn
                && Page.devicePfn(page) < firstDevicePfn + pageCount;
    }

    /// Makes free pages a folio: locked, with one reference, and counted as live.
    ///
    /// @kernel mm/memremap.c: zone_device_folio_init
    public void initFolio(long page, int order) {
        assert contains(page);
        assert contains(page + (1L << order) - 1) : "a folio beyond the end of its pagemap";
        folios.initLocked(page, order);
        Check.that(!killed, "a device page was allocated after its pagemap was killed");
        livePages.addAndGet(1 << order);
    }

    /// As [#initFolio(long, int)] for base pages with consecutive numbers.
    ///
    /// @param data what the driver keeps for each of them
    public void initPages(long firstPage, int count, @Nullable Object data) {
        assert contains(firstPage);
        assert contains(firstPage + count - 1);
        folios.initLockedPages(firstPage, count, data);
        Check.that(!killed, "a device page was allocated after its pagemap was killed");
        livePages.addAndGet(count);
    }

    /// Makes a free page one with a reference that nobody has locked, since no migration fills it.
    ///
    /// @kernel drivers/pci/p2pdma.c: p2pmem_alloc_mmap
    public void initPage(long page) {
        assert contains(page);
        Check.that(!killed, "a device page was allocated after its pagemap was killed");
        livePages.incrementAndGet();
        folios.init(page, 0, 0);
    }

    /// The last references to base pages with consecutive numbers went away.
    public void freePages(long firstPage, int count) {
        for (int i = 0; i < count; i++) {
            folios.reset(firstPage + i);
        }
        ops.pagesFree(firstPage, count);
        countFreed(count);
    }

    /// The same for pages that lie anywhere, those at `[from, to)` of a list, and that have
    /// forgotten already what they were used for.
    public void freeTakenPages(long[] pages, int from, int to) {
        ops.pagesFree(pages, from, to);
        countFreed(to - from);
    }

    /// The last reference went away.
    ///
    /// @kernel mm/memremap.c: free_zone_device_folio
    public void freeFolio(long page) {
        int order = folios.order(page);
        folios.reset(page);
        ops.folioFree(page, order);
        countFreed(1 << order);
    }

    /// A folio was cut into pieces; the driver is told of each new one and then of the head. Nobody
    /// can take a reference meanwhile.
    ///
    /// @kernel include/linux/memremap.h: zone_device_private_split_cb
    public void splitFolio(long head, int order, int newOrder) {
        if (type != MemoryType.PRIVATE) {
            return;
        }
        privateOps().folioSplit(head, order, newOrder);
    }

    private void countFreed(int pages) {
        int left = livePages.addAndGet(-pages);
        assert left >= 0;
        if (left == 0 && killed) {
            signalDrained();
        }
    }

    private void signalDrained() {
        lock.lock();
        try {
            drained.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Base pages in use.
    public int livePageCount() {
        return livePages.get();
    }

    /// Refuses new pages and waits until every one in use was freed, so the driver must have moved
    /// them out.
    ///
    /// @kernel mm/memremap.c: memunmap_pages
    public void killAndAwaitDrained() {
        lock.lock();
        try {
            killed = true;
            while (livePages.get() != 0) {
                drained.await();
            }
        } finally {
            lock.unlock();
        }
    }
}
