package farpage.emulator.bench;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.experiment.Direction;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.svm.MigrationResult;
import farpage.emulator.svm.MigrationStream;
import farpage.emulator.workload.OwnedResources;
import farpage.mm.Advice;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.hugememory.HugePages.Enabled;
import farpage.mm.memory.FolioOrders;
import farpage.mm.memory.FolioTable;
import farpage.mm.migrate.PhaseClock;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.SplittableRandom;

/// A process whose folios migrate, on a machine and a device of its own, and where its pages are.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: struct hmm_buffer
final class MigrateScene implements AutoCloseable {
    /// RAM beside that of the pages: the page of zeros, and some to spare.
    static final long SPARE_RAM = 16L << 20;

    /// Where folios are to lie at random, free memory comes in pieces of this order at least, 128
    /// KiB: what is left of memory that has been in use for a while, and no single pages.
    private static final int PIECE_ORDER = 5;

    private final OwnedResources owned = new OwnedResources();
    private final int order;
    private final PageLayout layout;
    private final int pageCount;
    private final Emulator emulator;
    private final EmulatedDevice device;
    private final Machine machine;
    private final Mm mm;
    private final Dmirror mirror;
    private final CpuAccess cpu;
    private final PageContents contents;
    private final DevicePages devicePages;
    private final SplittableRandom random;
    private final long deviceMemory;

    /// The pages that migrate, by virtual page number.
    private final long[] pageNumbers;

    /// @param config binding, device and plan; the sizes in it are not used
    /// @param row whose order, layout and bytes count
    /// @param spanBytes that scattered folios lie in, on either side
    MigrateScene(EmulatorConfig config, MigrateCase row, long spanBytes, long seed) {
        this.order = row.order();
        this.layout = row.layout();
        this.pageCount = row.pageCount();
        this.random = new SplittableRandom(seed);
        this.deviceMemory = layout == PageLayout.SCATTERED ? spanBytes : row.bytes();
        boolean complete = false;
        try {
            this.emulator = new Emulator(own(config, deviceMemory));
            owned.add(emulator::close);
            this.machine = emulator.machine();
            this.device = emulator.device(0);
            this.mm = emulator.newProcess();
            owned.add(mm::exit);
            this.mirror = device.open(mm);
            owned.add(mirror::close);
            this.cpu = new CpuAccess(mm);
            setOrder();
            this.contents = new PageContents(seed);
            this.devicePages =
                    new DevicePages(device.context(), device.clDevice(), device.memory(), contents);
            owned.add(devicePages::close);
            this.pageNumbers =
                    switch (layout) {
                        case CONTIGUOUS -> contiguous();
                        case SCATTERED -> scattered(spanBytes);
                    };
            complete = true;
        } finally {
            if (!complete) {
                owned.close();
            }
        }
    }

    /// Whether rows differ in nothing but their commands.
    boolean suits(MigrateCase row) {
        return order == row.order() && layout == row.layout() && pageCount == row.pageCount();
    }

    private static EmulatorConfig own(EmulatorConfig config, long memory) {
        return config.withDeviceCount(1)
                .withOrders(FolioOrders.ALL)
                .withRamSize(memory + SPARE_RAM)
                .withDeviceMemory(memory)
                .withEviction(false);
    }

    private void setOrder() {
        for (int each = FolioTable.LARGE_ORDER_MIN; each <= FolioOrders.MAX_ORDER; each++) {
            machine.hugePages().setEnabled(each, each == order ? Enabled.ALWAYS : Enabled.NEVER);
        }
    }

    /// A mapping of as many bytes that begins at a multiple of 2 MiB.
    private long map(long bytes) {
        long mapped = mm.mmap(bytes + PageSize.PMD_SIZE, VmFlags.READ | VmFlags.WRITE);
        return (mapped + PageSize.PMD_SIZE - 1) & -PageSize.PMD_SIZE;
    }

    private long[] contiguous() {
        long first = PageSize.pageNumber(map(PageSize.pageAddress(pageCount)));
        long[] numbers = new long[pageCount];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = first + i;
        }
        return numbers;
    }

    /// Folios at random places of a mapping, with free memory in pieces at random places of RAM and
    /// device.
    private long[] scattered(long span) {
        int pieceOrder = Math.max(order, PIECE_ORDER);
        HeldPages ram = HeldPages.ofRam(machine.ram(), pieceOrder, pageCount, random.split());
        owned.add(ram::close);
        HeldPages onDevice =
                HeldPages.ofDevice(machine, device.memory(), pieceOrder, pageCount, random.split());
        owned.add(onDevice::close);
        int folioPages = folioPages();
        long first = PageSize.pageNumber(map(span));
        long[] folios =
                PageChoice.choose(
                        PageLayout.SCATTERED,
                        Math.toIntExact(PageSize.pageNumber(span) / folioPages),
                        pageCount / folioPages,
                        0,
                        random.split());
        long[] numbers = new long[pageCount];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = first + folios[i / folioPages] * folioPages + i % folioPages;
        }
        return numbers;
    }

    PageLayout layout() {
        return layout;
    }

    int order() {
        return order;
    }

    int folioPages() {
        return 1 << order;
    }

    int pageCount() {
        return pageCount;
    }

    DevicePages devicePages() {
        return devicePages;
    }

    PhaseClock phaseClock() {
        return device.phaseClock();
    }

    String copyPlan() {
        return CopyBench.describe(device.copyEngine().plan());
    }

    SplittableRandom newRandom() {
        return random.split();
    }

    /// Gives a folio's place a new frame, with nothing in it yet.
    void renew(int firstPage) {
        long address = PageSize.pageAddress(pageNumbers[firstPage]);
        Errno dropped = mm.madvise(address, PageSize.pageAddress(folioPages()), Advice.DONTNEED);
        assert dropped.isOk() : dropped;
        access(firstPage, true);
        cpu.end();
    }

    private long access(int page, boolean isWrite) {
        long offset = cpu.begin(PageSize.pageAddress(pageNumbers[page]), isWrite);
        if (offset < 0) {
            throw new IllegalStateException("page " + page + ": " + cpu.fault());
        }
        return offset;
    }

    /// Stores the contents of a round in system memory.
    void fill(long round) {
        for (int page = 0; page < pageNumbers.length; page++) {
            long offset = access(page, true);
            contents.fill(cpu.memory(), offset, page, round);
            cpu.end();
        }
    }

    /// Compares every byte in system memory.
    Optional<String> mismatch(long round) {
        for (int page = 0; page < pageNumbers.length; page++) {
            long offset = access(page, false);
            int wrong = contents.mismatch(cpu.memory(), offset, page, round);
            cpu.end();
            if (wrong >= 0) {
                return Optional.of(
                        "byte %d of page %d in system memory is wrong".formatted(wrong, page));
            }
        }
        return Optional.empty();
    }

    /// Inverts a byte in system memory.
    void corrupt(int page, int at) {
        long offset = access(page, true) + at;
        byte right = cpu.memory().get(ValueLayout.JAVA_BYTE, offset);
        cpu.memory().set(ValueLayout.JAVA_BYTE, offset, (byte) ~right);
        cpu.end();
    }

    /// Where the pages lie in RAM, in bytes.
    void systemOffsets(long... offsets) {
        for (int page = 0; page < pageNumbers.length; page++) {
            offsets[page] = access(page, false);
            cpu.end();
        }
    }

    /// The device's pages, by the table that the device goes by.
    ///
    /// @return how many are not on the device
    int devicePagesOf(long... pages) {
        DevicePageTable table = mirror.mirror().table();
        int missing = 0;
        table.lock();
        try {
            for (int page = 0; page < pageNumbers.length; page++) {
                long entry = table.entryLocked(pageNumbers[page]);
                boolean isThere =
                        DevicePte.isPresent(entry) && Page.isDevice(DevicePte.page(entry));
                missing += isThere ? 0 : 1;
                pages[page] = isThere ? DevicePte.page(entry) : Page.NONE;
            }
        } finally {
            table.unlock();
        }
        return missing;
    }

    long deviceMemory() {
        return deviceMemory;
    }

    /// Where a page of the device stands for in memory that is as large as the device's.
    long deviceOffset(long page) {
        return PageSize.pageAddress(Page.devicePfn(page)) % deviceMemory;
    }

    /// The order of the folio that a page of the device is part of.
    int order(long page) {
        return machine.folios().order(page);
    }

    long pageNumber(int place) {
        return pageNumbers[place];
    }

    /// Moves the pages of one command.
    MigrationResult migrate(Direction direction, long... numbers) {
        long address = PageSize.pageAddress(numbers[0]);
        boolean isRange = layout == PageLayout.CONTIGUOUS;
        return switch (direction) {
            case TO_DEVICE ->
                    isRange
                            ? mirror.migrateToDevice(address, numbers.length)
                            : mirror.migrateToDevice(numbers, numbers.length);
            case TO_SYSTEM ->
                    isRange
                            ? mirror.migrateToSystem(address, numbers.length)
                            : mirror.migrateToSystem(numbers, numbers.length);
        };
    }

    /// Moves the pages of all commands, several of which are under way at once.
    ///
    /// @param afterFirst is told when the first has ended
    MigrationResult migrate(
            Direction direction, int inFlight, MigrateBatches batches, Runnable afterFirst) {
        return switch (direction) {
            case TO_DEVICE ->
                    mirror.migrateToDevice(
                            inFlight, stream -> feed(stream, inFlight, batches, afterFirst));
            case TO_SYSTEM ->
                    mirror.migrateToSystem(
                            inFlight, stream -> feed(stream, inFlight, batches, afterFirst));
        };
    }

    private void feed(
            MigrationStream stream, int inFlight, MigrateBatches batches, Runnable afterFirst) {
        for (int batch = 0; batch < batches.count(); batch++) {
            long[] numbers = batches.numbers(batch);
            long start = PageSize.pageAddress(numbers[0]);
            Errno _ =
                    layout == PageLayout.CONTIGUOUS
                            ? stream.add(start, start + PageSize.pageAddress(numbers.length))
                            : stream.add(numbers, numbers.length);
            if (batch == inFlight) {
                afterFirst.run();
            }
        }
        if (batches.count() <= inFlight) {
            afterFirst.run();
        }
    }

    @Override
    public void close() {
        owned.close();
    }
}
