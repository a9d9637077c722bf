package farpage.mm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFault;
import farpage.mm.lock.LockRank;
import farpage.mm.memory.BuddyAllocator;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioOrders;
import farpage.mm.memory.FolioTable;
import farpage.mm.memory.HostMemory;
import farpage.mm.migrate.MigrateDevice;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.MigrateSelect;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.migrate.Migration;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.zonedevice.CpuMapping;
import farpage.mm.zonedevice.DevicePagemap;
import farpage.mm.zonedevice.DevicePrivateOps;
import farpage.mm.zonedevice.MemoryType;
import farpage.mm.zonedevice.PagecacheOps;
import farpage.mm.zonedevice.PagecacheOps.PagecacheCopy;
import farpage.mm.zonedevice.PagemapRegistration;
import farpage.mm.zonedevice.PagemapRequest;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/// A device whose memory is an array, and the simplest driver for it: it copies folio by folio and
/// migrates what it is told to. It uses base pages, unless it is told of other orders. The driver
/// is the owner of its pages, which are device-private or, in place for CPUs, device-coherent.
public final class TestDevice implements DevicePrivateOps {
    private final Machine machine;
    private final DevicePagemap pagemap;
    private final MemorySegment memory;
    private final BuddyAllocator free;
    private final List<String> splits = new ArrayList<>();
    private volatile FolioOrders orders = FolioOrders.BASE;
    private volatile boolean refusesLargeSystemFolios;
    private final AtomicInteger ramCalls = new AtomicInteger();

    /// What a CPU fault is answered with instead of moving the page.
    private volatile @Nullable FaultResult refusal;

    private volatile PagecacheCopy pagecacheCopy = PagecacheCopy.COPIED;
    private volatile boolean setsDirty = true;

    /// Whether the driver knows what to do about broken memory.
    private volatile boolean knowsFailures;

    private boolean takesBroken;

    /// By which pages other devices reach those of this one: none.
    private volatile LongUnaryOperator peers = page -> Page.NONE;

    /// Pages that the driver was told are broken.
    private final Set<Long> broken = ConcurrentHashMap.newKeySet();

    private final AtomicInteger refusalsLeft = new AtomicInteger();

    /// @param coherentPlace the first page of device-coherent memory; [Page#NONE] for
    ///   device-private memory
    TestDevice(Machine machine, int pageCount, long coherentPlace) {
        this(machine, pageCount, coherentPlace, false);
    }

    /// @param pagecache whether the driver can give pages back to their files
    TestDevice(Machine machine, int pageCount, long coherentPlace, boolean pagecache) {
        this.machine = machine;
        this.memory = MemorySegment.ofArray(new byte[pageCount * PageSize.PAGE_SIZE]);
        PagemapRequest request =
                coherentPlace == Page.NONE
                        ? PagemapRequest.devicePrivate(
                                pageCount, pagecache ? new Pagecache() : this, this)
                        : PagemapRequest.deviceCoherent(
                                coherentPlace,
                                pageCount,
                                this,
                                this,
                                new CpuMapping.InPlace(memory));
        this.pagemap =
                assertInstanceOf(
                                PagemapRegistration.Registered.class,
                                machine.memremapPages(request))
                        .pagemap();
        free = new BuddyAllocator(LockRank.DEVICE_ALLOCATOR, pageCount);
    }

    /// The driver with a way back into the page cache.
    private final class Pagecache implements PagecacheOps {
        @Override
        public PagecacheCopy migrateToPagecache(long devicePage, long newPage) {
            if (pagecacheCopy == PagecacheCopy.COPIED) {
                int order = machine.folios().order(devicePage);
                systemBytes(newPage, order).copyFrom(bytes(devicePage, order));
            }
            if (setsDirty && machine.folios().hasFlag(devicePage, FolioFlags.DIRTY)) {
                machine.folios().setFlag(newPage, FolioFlags.DIRTY);
            }
            return pagecacheCopy;
        }

        @Override
        public FaultResult migrateToRam(PageFault fault) {
            return TestDevice.this.migrateToRam(fault);
        }

        @Override
        public void folioFree(long page, int order) {
            TestDevice.this.folioFree(page, order);
        }

        @Override
        public void folioSplit(long head, long tail) {
            TestDevice.this.folioSplit(head, tail);
        }
    }

    /// What the driver answers that gives pages back to their files.
    public void answerPagecache(PagecacheCopy copy) {
        pagecacheCopy = copy;
    }

    /// Has that driver forget to tell that a page was written.
    public void forgetDirty() {
        setsDirty = false;
    }

    /// The device stores to a page of its own, and the driver notes it.
    public void write(long page, int value) {
        bytes(page).fill((byte) value);
        machine.folios().setFlag(page, FolioFlags.DIRTY);
    }

    /// The orders of folio that the driver asks for from now on.
    public void useOrders(FolioOrders used) {
        orders = used;
    }

    /// From now on other devices reach pages by those that this says; [Page#NONE] for none.
    public void exportPages(LongUnaryOperator to) {
        peers = to;
    }

    @Override
    public long dmaPageForDevice(long page) {
        return peers.applyAsLong(page);
    }

    /// Has the driver find no large folio of system memory from now on.
    public void refuseLargeSystemFolios() {
        refusesLargeSystemFolios = true;
    }

    /// What the driver was told of splits, one line a call: the distance of the new folio from the
    /// head in pages, or `head`.
    public List<String> splits() {
        return splits;
    }

    @Override
    public void folioSplit(long head, long tail) {
        splits.add(tail == Page.NONE ? "head" : String.valueOf(tail - head));
    }

    public DevicePagemap pagemap() {
        return pagemap;
    }

    public Machine machine() {
        return machine;
    }

    /// How often a CPU fault reached the driver.
    public int ramCalls() {
        return ramCalls.get();
    }

    /// The next `times` CPU faults end with this result and move nothing.
    public void refuse(FaultResult result, int times) {
        refusal = result;
        refusalsLeft.set(times);
    }

    /// From now on the driver remembers broken pages, and answers a CPU that touches one.
    public void handleFailures() {
        knowsFailures = true;
    }

    @Override
    public Errno memoryFailure(DevicePagemap of, long page, int pageCount) {
        if (!knowsFailures) {
            return Errno.EOPNOTSUPP;
        }
        assertEquals(1, pageCount);
        broken.add(page);
        if (!Page.isDeviceCoherent(page) && !takesBroken) {
            return Errno.OK;
        }
        if (free.retire(pagemap.index(page))) {
            return Errno.OK;
        }
        Errno errno = machine.memoryFailure().takeFromUsers(page);
        return errno == Errno.ENXIO ? Errno.OK : errno;
    }

    /// The same, but takes them from their users also where no CPU maps them.
    public void takeBrokenPages() {
        knowsFailures = true;
        takesBroken = true;
    }

    public int freePageCount() {
        return free.freePageCount();
    }

    /// A device page, locked, with one reference; [Page#NONE] if there is none.
    public long allocate() {
        return allocate(0);
    }

    /// The first page of a device folio, locked, with one reference; [Page#NONE] if there is none.
    public long allocate(int order) {
        int index = free.allocate(order);
        if (index < 0) {
            return Page.NONE;
        }
        long page = pagemap.page(index);
        pagemap.initFolio(page, order);
        return page;
    }

    public MemorySegment bytes(long page) {
        return memory.asSlice((long) pagemap.index(page) * PageSize.PAGE_SIZE, PageSize.PAGE_SIZE);
    }

    private MemorySegment bytes(long page, int order) {
        return memory.asSlice(
                (long) pagemap.index(page) * PageSize.PAGE_SIZE,
                (long) PageSize.PAGE_SIZE << order);
    }

    @Override
    public void folioFree(long page, int order) {
        bytes(page, order).fill((byte) 0xdf);
        free.free(pagemap.index(page), order);
    }

    @Override
    public FaultResult migrateToRam(PageFault fault) {
        ramCalls.incrementAndGet();
        if (broken.contains(fault.page())) {
            return FaultResult.HWPOISON;
        }
        FaultResult refused = refusal;
        if (refused != null && refusalsLeft.getAndDecrement() > 0) {
            return refused;
        }
        int pageCount = fault.pmd() ? PageSize.ENTRIES_PER_TABLE : folioPageCount(fault);
        MigrateVma migrate =
                new MigrateVma(pageCount, MigrateSelect.DEVICE_PRIVATE, this, fault.page(), orders);
        long start = fault.pmd() ? PageSize.alignDownPmd(fault.address()) : folioStart(fault);
        if (!migrate.setup(fault.vma(), start, TestProcess.page(start, pageCount)).isOk()) {
            return FaultResult.SIGBUS;
        }
        boolean outOfMemory = fillSystem(migrate) < migrate.migratingCount();
        migrate.pages();
        migrate.finish();
        return outOfMemory ? FaultResult.OUT_OF_MEMORY : FaultResult.HANDLED;
    }

    /// All that the VMA has of a file's folio in one table, if the driver uses other orders than 0
    /// and 9; else the page alone.
    private int folioPageCount(PageFault fault) {
        return takesFolio(fault) ? machine.folios().pageCount(fault.page()) : 1;
    }

    private long folioStart(PageFault fault) {
        long page = fault.page();
        return takesFolio(fault)
                ? fault.address() - PageSize.pageAddress(page - machine.folios().head(page))
                : fault.address();
    }

    private boolean takesFolio(PageFault fault) {
        FolioTable folios = machine.folios();
        if (folios.isAnonymous(fault.page()) || !orders.hasMiddle()) {
            return false;
        }
        long start =
                fault.address() - PageSize.pageAddress(fault.page() - folios.head(fault.page()));
        long end = TestProcess.page(start, folios.pageCount(fault.page()));
        return start >= fault.vma().start()
                && end <= fault.vma().end()
                && PageTable.leafEnd(start, end) == end;
    }

    /// Gives each migrating page a device page with its contents, as far as there are any.
    ///
    /// @return how many got one
    public int fillDevice(MigrateVma migrate) {
        int filled = 0;
        for (int i = 0; i < migrate.pageCount(); i++) {
            if (MigratePfn.isMigrating(migrate.src(i))) {
                filled += fillDevice(migrate, i) ? 1 : 0;
            }
        }
        return filled;
    }

    public boolean fillDevice(MigrateVma migrate, int i) {
        return fillDevice(migrate, i, MigratePfn.order(migrate.src(i)));
    }

    /// The same with folios of an order, which may be less than that of the source.
    public boolean fillDevice(MigrateVma migrate, int i, int order) {
        long from = MigratePfn.page(migrate.src(i));
        for (int done = 0; done < 1 << MigratePfn.order(migrate.src(i)); done += 1 << order) {
            long to = allocate(order);
            if (to == Page.NONE) {
                return false;
            }
            if (from == Page.NONE) {
                bytes(to, order).fill((byte) 0);
            } else {
                bytes(to, order).copyFrom(systemBytes(from + done, order));
            }
            migrate.setDst(i + done, MigratePfn.ofFolio(to, order));
        }
        return true;
    }

    private MemorySegment systemBytes(long page, int order) {
        return machine.ram()
                .segment()
                .asSlice(HostMemory.offset(page), (long) PageSize.PAGE_SIZE << order);
    }

    /// Gives each page that migrates a system page with its contents; what is not there stays so.
    public int fillSystem(MigrateVma migrate) {
        int filled = 0;
        for (int i = 0; i < migrate.pageCount(); i++) {
            long word = migrate.src(i);
            if (MigratePfn.isMigrating(word) && MigratePfn.hasPage(word)) {
                filled += fillSystem(migrate, i) ? 1 : 0;
            }
        }
        return filled;
    }

    /// With a folio of the size of the source, or with base pages.
    private boolean fillSystem(Migration migrate, int i) {
        int order = MigratePfn.order(migrate.src(i));
        long from = MigratePfn.page(migrate.src(i));
        long whole = order > 0 && refusesLargeSystemFolios ? Page.NONE : systemCopy(from, order);
        if (whole != Page.NONE) {
            migrate.setDst(i, MigratePfn.ofFolio(whole, order));
            return true;
        }
        for (int page = 0; page < 1 << order; page++) {
            long to = systemCopy(from + page, 0);
            if (to == Page.NONE) {
                return false;
            }
            migrate.setDst(i + page, MigratePfn.ofPage(to));
        }
        return true;
    }

    private long systemCopy(long from, int order) {
        long to = order == 0 ? machine.allocateFolio(0) : machine.tryAllocateFolio(order);
        if (to != Page.NONE) {
            machine.folios().lockNew(to);
            systemBytes(to, order).copyFrom(bytes(from, order));
        }
        return to;
    }

    public MigrateVma toDevice(int pageCountMax) {
        return new MigrateVma(pageCountMax, MigrateSelect.SYSTEM, this, Page.NONE, orders);
    }

    public MigrateVma toSystem(int pageCountMax) {
        MigrateSelect own =
                pagemap.type() == MemoryType.COHERENT
                        ? MigrateSelect.DEVICE_COHERENT
                        : MigrateSelect.DEVICE_PRIVATE;
        return new MigrateVma(pageCountMax, own, this, Page.NONE, orders);
    }

    /// Moves pages of one VMA to the device.
    ///
    /// @return how many are there now that were not, holes included
    public int pull(TestProcess process, long address, int pageCount) {
        return process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = setup(toDevice(pageCount), vma, address, pageCount);
                    fillDevice(migrate);
                    return complete(migrate);
                });
    }

    /// Moves pages of one VMA back.
    ///
    /// @return how many came
    public int push(TestProcess process, long address, int pageCount) {
        return process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = setup(toSystem(pageCount), vma, address, pageCount);
                    fillSystem(migrate);
                    return complete(migrate);
                });
    }

    public static MigrateVma setup(MigrateVma migrate, Vma vma, long address, int pageCount) {
        long end = TestProcess.page(address, pageCount);
        assertEquals(Errno.OK, migrate.setup(vma, address, end));
        return migrate;
    }

    /// The last two phases.
    public static int complete(MigrateVma migrate) {
        migrate.pages();
        int migrated = 0;
        for (int i = 0; i < migrate.pageCount(); i++) {
            migrated += MigratePfn.isMigrating(migrate.src(i)) ? 1 : 0;
        }
        migrate.finish();
        return migrated;
    }

    /// Moves everything off the device, wherever it is mapped.
    ///
    /// @return the pages that moved
    public int evict() {
        MigrateDevice migrate = new MigrateDevice(machine, pagemap.pageCount());
        migrate.setupRange(pagemap.page(0), pagemap.pageCount());
        for (int i = 0; i < migrate.pageCount(); i++) {
            if (MigratePfn.isMigrating(migrate.src(i))) {
                boolean _ = fillSystem(migrate, i);
            }
        }
        migrate.pages();
        int migrated = 0;
        for (int i = 0; i < migrate.pageCount(); i++) {
            migrated += MigratePfn.hasMigrated(migrate.src(i)) ? 1 : 0;
        }
        migrate.finish();
        return migrated;
    }

    /// Whether a process's page lies on this device.
    public boolean holds(TestProcess process, long address) {
        PageTableEntry.Shape shape =
                pagemap.type() == MemoryType.COHERENT
                        ? PageTableEntry.Shape.PRESENT
                        : PageTableEntry.Shape.DEVICE_PRIVATE;
        return process.shape(address) == shape && pagemap.contains(process.pageAt(address));
    }

    /// The byte that fills a device page.
    public int load(long page) {
        return bytes(page).get(ValueLayout.JAVA_BYTE, 0);
    }

    void close() {
        assertEquals(0, pagemap.livePageCount(), "device pages not given back");
        assertEquals(pagemap.pageCount(), freePageCount() + free.retiredPageCount());
        machine.memunmapPages(pagemap);
    }
}
