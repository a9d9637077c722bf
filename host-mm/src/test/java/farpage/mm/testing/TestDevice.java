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
import farpage.mm.migrate.MigrateDevice;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.MigrateSelect;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.zonedevice.CpuMapping;
import farpage.mm.zonedevice.DevicePagemap;
import farpage.mm.zonedevice.DevicePrivateOps;
import farpage.mm.zonedevice.MemoryType;
import farpage.mm.zonedevice.PagemapRegistration;
import farpage.mm.zonedevice.PagemapRequest;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// A device whose memory is an array, and the simplest driver for it: it copies page by page and
/// migrates what it is told to. The driver is the owner of its pages, which are device-private or,
/// in place for CPUs, device-coherent.
public final class TestDevice implements DevicePrivateOps {
    private final Machine machine;
    private final DevicePagemap pagemap;
    private final MemorySegment memory;
    private final Deque<Long> free = new ArrayDeque<>();
    private final AtomicInteger ramCalls = new AtomicInteger();

    /// What a CPU fault is answered with instead of moving the page.
    private volatile @Nullable FaultResult refusal;

    /// Whether the driver knows what to do about broken memory.
    private volatile boolean knowsFailures;

    /// Pages that the driver was told are broken.
    private final Set<Long> broken = ConcurrentHashMap.newKeySet();

    private final AtomicInteger refusalsLeft = new AtomicInteger();

    /// @param coherentPlace the first page of device-coherent memory; [Page#NONE] for
    ///   device-private memory
    TestDevice(Machine machine, int pageCount, long coherentPlace) {
        this.machine = machine;
        this.memory = MemorySegment.ofArray(new byte[pageCount * PageSize.PAGE_SIZE]);
        PagemapRequest request =
                coherentPlace == Page.NONE
                        ? PagemapRequest.devicePrivate(pageCount, this, this)
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
        for (int index = 0; index < pageCount; index++) {
            free.add(pagemap.page(index));
        }
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
        return Errno.OK;
    }

    public int freePageCount() {
        synchronized (free) {
            return free.size();
        }
    }

    /// A device page, locked, with one reference; [Page#NONE] if there is none.
    public long allocate() {
        Long page;
        synchronized (free) {
            page = free.poll();
        }
        if (page == null) {
            return Page.NONE;
        }
        pagemap.initFolio(page, 0);
        return page;
    }

    public MemorySegment bytes(long page) {
        return memory.asSlice((long) pagemap.index(page) * PageSize.PAGE_SIZE, PageSize.PAGE_SIZE);
    }

    @Override
    public void folioFree(long page, int order) {
        assertEquals(0, order);
        bytes(page).fill((byte) 0xdf);
        synchronized (free) {
            free.add(page);
        }
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
        MigrateVma migrate = new MigrateVma(1, MigrateSelect.DEVICE_PRIVATE, this, fault.page());
        long end = fault.address() + PageSize.PAGE_SIZE;
        if (!migrate.setup(fault.vma(), fault.address(), end).isOk()) {
            return FaultResult.SIGBUS;
        }
        boolean outOfMemory = fillSystem(migrate) < migrate.migratingCount();
        migrate.pages();
        migrate.finish();
        return outOfMemory ? FaultResult.OUT_OF_MEMORY : FaultResult.HANDLED;
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
        long to = allocate();
        if (to == Page.NONE) {
            return false;
        }
        long from = MigratePfn.page(migrate.src(i));
        if (from == Page.NONE) {
            bytes(to).fill((byte) 0);
        } else {
            bytes(to).copyFrom(machine.ram().bytes(from));
        }
        migrate.setDst(i, MigratePfn.ofPage(to));
        return true;
    }

    public int fillSystem(MigrateVma migrate) {
        int filled = 0;
        for (int i = 0; i < migrate.pageCount(); i++) {
            if (MigratePfn.isMigrating(migrate.src(i))) {
                long to = systemCopy(MigratePfn.page(migrate.src(i)));
                if (to != Page.NONE) {
                    migrate.setDst(i, MigratePfn.ofPage(to));
                    filled++;
                }
            }
        }
        return filled;
    }

    private long systemCopy(long from) {
        long to = machine.allocateFolio(0);
        if (to != Page.NONE) {
            machine.folios().lockNew(to);
            machine.ram().bytes(to).copyFrom(bytes(from));
        }
        return to;
    }

    public MigrateVma toDevice(int pageCountMax) {
        return new MigrateVma(pageCountMax, MigrateSelect.SYSTEM, this, Page.NONE);
    }

    public MigrateVma toSystem(int pageCountMax) {
        MigrateSelect own =
                pagemap.type() == MemoryType.COHERENT
                        ? MigrateSelect.DEVICE_COHERENT
                        : MigrateSelect.DEVICE_PRIVATE;
        return new MigrateVma(pageCountMax, own, this, Page.NONE);
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
                long to = systemCopy(MigratePfn.page(migrate.src(i)));
                if (to != Page.NONE) {
                    migrate.setDst(i, MigratePfn.ofPage(to));
                }
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
        assertEquals(pagemap.pageCount(), freePageCount());
        machine.memunmapPages(pagemap);
    }
}
