package farpage.emulator.experiment.deviceoffset;

import farpage.mm.Machine;
import farpage.mm.PageSize;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFault;
import farpage.mm.zonedevice.DevicePagemap;
import farpage.mm.zonedevice.DevicePrivateOps;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/// What describing the pages of a device takes: memory that is really made and initialised, off the
/// heap or on it, and the time until the memory is registered. All kinds are measured in turn, and
/// that several times.
///
/// @kernel mm/memremap.c: pagemap_range; mm/mm_init.c: memmap_init_zone_device
final class DescriptorTrials {
    /// Registrations of each size and kind.
    static final int ROUNDS = 3;

    /// RAM of a machine that does nothing with it.
    private static final long RAM_BYTES = 2 * PageSize.PMD_SIZE;

    /// Pages that are used together.
    private static final int BATCH = PageSize.ENTRIES_PER_TABLE;

    private static final int WARM_UPS = 3;

    /// At least as many as are used: 16 GiB of them.
    private static final int WARM_UP_PAGES = 1 << 22;

    /// Collections after which the heap counts as it is.
    private static final int COLLECTIONS = 5;

    /// What was measured of one kind and size.
    ///
    /// @param measuredBytes of the device that was measured; if less than it has, the other figures
    ///   are scaled up from that
    /// @param setUpNanos until the memory is registered
    /// @param registeredBytes of descriptors then
    /// @param usedPages that were used after it
    /// @param usedBytes that came with them
    record Result(
            DescriptorKind kind,
            long deviceBytes,
            long measuredBytes,
            long setUpNanos,
            long registeredBytes,
            long usedPages,
            long usedBytes) {
        boolean isScaled() {
            return measuredBytes < deviceBytes;
        }

        /// Bytes of descriptors for each GiB that is registered, and for each that is used.
        double bytesPerGib() {
            return (double) registeredBytes / (deviceBytes >> 30);
        }

        double bytesPerUsedPage() {
            return (double) usedBytes / usedPages;
        }
    }

    /// One registration.
    private record Sample(long setUpNanos, long registeredBytes, long usedBytes) {}

    private static final DevicePrivateOps OPS =
            new DevicePrivateOps() {
                @Override
                public void folioFree(long page, int order) {
                    // Allocated in a row and never again.
                }

                @Override
                public FaultResult migrateToRam(PageFault fault) {
                    return FaultResult.SIGBUS;
                }
            };

    private final LongSupplier nanoClock;
    private final long descriptorBytesMax;
    private final int usedPages;

    DescriptorTrials(DeviceOffsetPlan plan, LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        this.usedPages = plan.usedPages();
        this.descriptorBytesMax = Math.min(plan.descriptorBytesMax(), availableMemory() / 2);
    }

    /// @kernel Documentation/filesystems/proc.rst: MemAvailable
    private static long availableMemory() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
                if (line.startsWith("MemAvailable:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) << 10;
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("/proc/meminfo cannot be read", failure);
        }
        throw new UncheckedIOException(
                "/proc/meminfo cannot be understood", new IOException("no MemAvailable"));
    }

    /// The most of a device that 64 bytes for each page are made of.
    private long measurable(long deviceBytes) {
        long pages = descriptorBytesMax / StructPages.SIZE;
        long whole = PageSize.pageAddress(pages) >> 30 << 30;
        return Math.min(deviceBytes, Math.max(whole, PageSize.pageAddress(usedPages)));
    }

    List<Result> run(Runnable step) {
        warmUp();
        List<Result> results = new ArrayList<>();
        for (long bytes : DeviceOffsetPlan.DEVICE_SIZES) {
            Map<DescriptorKind, List<Sample>> samples = new EnumMap<>(DescriptorKind.class);
            for (int round = 0; round < ROUNDS; round++) {
                for (DescriptorKind kind : DescriptorKind.values()) {
                    step.run();
                    samples.computeIfAbsent(kind, _ -> new ArrayList<>()).add(measure(kind, bytes));
                }
            }
            samples.forEach((kind, each) -> results.add(result(kind, bytes, each)));
        }
        return results;
    }

    /// Until the code is compiled.
    private void warmUp() {
        for (int i = 0; i < WARM_UPS; i++) {
            Sample _ = structs(WARM_UP_PAGES, WARM_UP_PAGES);
            Sample _ = structs(WARM_UP_PAGES, StructPages.SECTION_PAGES);
            Sample _ = own(WARM_UP_PAGES);
        }
    }

    /// On demand nothing is made for what is not used, so every size can be measured as it is.
    private long measuredBytes(DescriptorKind kind, long bytes) {
        return kind == DescriptorKind.STRUCT_EAGER ? measurable(bytes) : bytes;
    }

    private Sample measure(DescriptorKind kind, long bytes) {
        long pages = PageSize.pageNumber(measuredBytes(kind, bytes));
        return switch (kind) {
            case STRUCT_EAGER -> structs(pages, pages);
            case STRUCT_LAZY -> structs(pages, StructPages.SECTION_PAGES);
            case FARPAGE -> own(Math.toIntExact(pages));
        };
    }

    private Result result(DescriptorKind kind, long bytes, List<Sample> samples) {
        long measured = measuredBytes(kind, bytes);
        double scale = (double) bytes / measured;
        long setUp = median(samples.stream().mapToLong(Sample::setUpNanos).toArray());
        long registered = median(samples.stream().mapToLong(Sample::registeredBytes).toArray());
        long used = median(samples.stream().mapToLong(Sample::usedBytes).toArray());
        return new Result(
                kind,
                bytes,
                measured,
                Math.round(setUp * scale),
                Math.round(registered * scale),
                usedPages,
                used);
    }

    private static long median(long[] values) {
        Arrays.sort(values);
        return values[values.length / 2];
    }

    /// @param together pages whose descriptors are made together: all of them at once, or on demand
    private Sample structs(long pages, long together) {
        long before = usedHeap();
        long start = nanoClock.getAsLong();
        try (StructPages structs = new StructPages(pages, together, System.identityHashCode(OPS))) {
            if (together == pages) {
                structs.use(0);
            }
            long setUp = nanoClock.getAsLong() - start;
            long registered = structs.bytes() + Math.max(0, usedHeap() - before);
            long made = structs.bytes();
            for (long page = 0; page < usedPages; page += BATCH) {
                structs.use(page);
            }
            structs.verify();
            return new Sample(setUp, registered, structs.bytes() - made);
        }
    }

    private Sample own(int pages) {
        try (Machine machine = new Machine(RAM_BYTES)) {
            long before = usedHeap();
            long start = nanoClock.getAsLong();
            DevicePagemap pagemap = machine.memremapPages(pages, OPS, machine);
            long setUp = nanoClock.getAsLong() - start;
            long registered = Math.max(0, usedHeap() - before);
            long unused = usedHeap();
            for (int index = 0; index < usedPages; index += BATCH) {
                use(machine, pagemap, index);
            }
            long used = usedHeap() - unused;
            for (int index = 0; index < usedPages; index++) {
                machine.put(pagemap.page(index));
            }
            machine.memunmapPages(pagemap);
            return new Sample(setUp, registered, used);
        }
    }

    private void use(Machine machine, DevicePagemap pagemap, int first) {
        int count = Math.min(BATCH, usedPages - first);
        pagemap.initPages(pagemap.page(first), count, OPS);
        for (int index = first; index < first + count; index++) {
            machine.folios().unlock(pagemap.page(index));
        }
    }

    private static long usedHeap() {
        for (int i = 0; i < COLLECTIONS; i++) {
            System.gc();
        }
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
