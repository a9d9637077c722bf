package farpage.mm.physical;

import farpage.mm.Check;
import farpage.mm.Errno;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What lies where in the physical addresses of one machine, and what is free of them.
///
/// ```
///  0        RAM  3 GiB  4 GiB   after RAM             7/8 of all          end
/// | System RAM | | PCI   | | soft reserved | holes ... | PCI, 64 bits    |
///                                                   ^ with a random layout nothing
///                                                     from somewhere here on is usable
/// ```
///
/// The map is changed by one thread at a time; the machine that it belongs to sees to that.
///
/// @kernel kernel/resource.c: iomem_resource
public final class PhysicalAddressMap {
    /// Windows of device memory begin at multiples of that, and their sizes are: a memory section.
    ///
    /// @kernel arch/x86/include/asm/sparsemem.h: SECTION_SIZE_BITS
    public static final long SECTION_SIZE = 128L << 20;

    private static final long GIB = 1L << 30;

    /// The window of 32-bit PCI devices. RAM that reaches into it takes its place.
    private static final long LOW_PCI_START = 3 * GIB;

    private static final long LOW_PCI_END = 4 * GIB;

    /// The part of all addresses, at their end, that is the window of 64-bit PCI devices.
    private static final int HIGH_PCI_PARTS = 8;

    private final PhysicalLayout layout;
    private final long size;
    private final long usableEnd;
    private final long softReservedStart;
    private final TreeMap<Long, PhysicalRange> ranges = new TreeMap<>();

    /// The map of a machine as its firmware leaves it.
    ///
    /// @param ramSize bytes of RAM, which begins at 0
    /// @throws IllegalArgumentException if RAM and the windows do not fit
    public PhysicalAddressMap(PhysicalLayout layout, long ramSize) {
        this.layout = layout;
        this.size = 1L << layout.addressBits();
        long highPci = size - size / HIGH_PCI_PARTS;
        long ramEnd = alignUp(ramSize, SECTION_SIZE);
        this.softReservedStart = alignUp(Math.max(ramEnd, LOW_PCI_END), GIB);
        if (ramEnd > highPci) {
            throw new IllegalArgumentException(
                    "RAM: value=%d bytes, limit=%d bytes below the PCI windows of %d address bits"
                            .formatted(ramSize, highPci, layout.addressBits()));
        }
        insert(new PhysicalRange(0, ramSize, PhysicalRange.Kind.SYSTEM_RAM, "System RAM"));
        if (ramEnd <= LOW_PCI_START) {
            insertPci(LOW_PCI_START, LOW_PCI_END);
        }
        if (highPci >= LOW_PCI_END) {
            insertPci(highPci, size);
        }
        this.usableEnd =
                layout.shuffleSeed().isEmpty()
                        ? size
                        : shuffledEnd(layout.shuffleSeed().getAsLong(), ramEnd);
    }

    private void insertPci(long start, long end) {
        insert(new PhysicalRange(start, end, PhysicalRange.Kind.PCI_WINDOW, "PCI window"));
    }

    /// Where the direct map ends that is left between the other parts of the kernel's address
    /// space: anywhere from the end of RAM on, in steps of what one entry of an upper page table
    /// maps.
    private long shuffledEnd(long seed, long ramEnd) {
        long first = Math.ceilDiv(ramEnd, GIB);
        return GIB * new SplittableRandom(seed).nextLong(first, size / GIB + 1);
    }

    static long alignUp(long value, long alignment) {
        return Math.ceilDiv(value, alignment) * alignment;
    }

    public PhysicalLayout layout() {
        return layout;
    }

    /// The address after the last that memory can be added at.
    ///
    /// @kernel include/linux/mm.h: DIRECT_MAP_PHYSMEM_END
    public long usableEnd() {
        return usableEnd;
    }

    /// Where memory of device-coherent devices begins, one after another.
    public long softReservedStart() {
        return softReservedStart;
    }

    /// All that is taken, by address.
    public List<PhysicalRange> ranges() {
        return List.copyOf(ranges.values());
    }

    /// What lies at an address; null if nothing does.
    public @Nullable PhysicalRange lookup(long address) {
        Map.Entry<Long, PhysicalRange> below = ranges.floorEntry(address);
        return below != null && address < below.getValue().end() ? below.getValue() : null;
    }

    /// Takes a stretch that is large enough from the highest hole that has one, for pages that need
    /// numbers and no address: from the end of the map downwards, at multiples of a section.
    ///
    /// @param bytes rounded up to sections
    /// @kernel kernel/resource.c: request_free_mem_region
    public MemRegion requestFreeMemRegion(long bytes, String name) {
        long needed = alignUp(bytes, SECTION_SIZE);
        long start = usableEnd - needed;
        while (start >= SECTION_SIZE) {
            PhysicalRange last = lastIntersecting(start, start + needed);
            if (last == null) {
                PhysicalRange range =
                        new PhysicalRange(
                                start,
                                start + needed,
                                PhysicalRange.Kind.DEVICE_PRIVATE_MEMORY,
                                name);
                insert(range);
                return new MemRegion.Found(range);
            }
            start = alignDown(last.start() - needed);
        }
        return new MemRegion.Refused(Errno.ERANGE, shortage(needed, name));
    }

    private static long alignDown(long value) {
        return Math.floorDiv(value, SECTION_SIZE) * SECTION_SIZE;
    }

    /// The lowest range of those that intersect a stretch, below which the search goes on.
    private @Nullable PhysicalRange lastIntersecting(long from, long to) {
        Map.Entry<Long, PhysicalRange> below = ranges.lowerEntry(to);
        if (below == null || !below.getValue().intersects(from, to)) {
            return null;
        }
        PhysicalRange lowest = below.getValue();
        for (Map.Entry<Long, PhysicalRange> next = ranges.lowerEntry(lowest.start());
                next != null && next.getValue().intersects(from, to);
                next = ranges.lowerEntry(lowest.start())) {
            lowest = next.getValue();
        }
        return lowest;
    }

    private String shortage(long needed, String name) {
        long hole = largestHole();
        long free = freeBytes();
        String why =
                free >= needed
                        ? "its largest hole has %s of the %s that are free"
                                .formatted(gib(hole), gib(free))
                        : "only %s are free".formatted(gib(free));
        return "no window of %s for %s in a physical address map of %d bits, usable up to %#x: %s"
                .formatted(gib(needed), name, layout.addressBits(), usableEnd, why);
    }

    private static String gib(long bytes) {
        return bytes % GIB == 0 ? bytes / GIB + " GiB" : "%.3f GiB".formatted((double) bytes / GIB);
    }

    /// Bytes of the largest stretch that a window could take.
    public long largestHole() {
        long largest = 0;
        for (long[] hole : holes()) {
            largest = Math.max(largest, hole[1] - hole[0]);
        }
        return largest;
    }

    /// Bytes of all such stretches.
    public long freeBytes() {
        long free = 0;
        for (long[] hole : holes()) {
            free += hole[1] - hole[0];
        }
        return free;
    }

    private List<long[]> holes() {
        List<long[]> holes = new ArrayList<>();
        long at = SECTION_SIZE;
        for (PhysicalRange range : ranges.values()) {
            addHole(holes, at, Math.min(range.start(), usableEnd));
            at = Math.max(at, range.end());
        }
        addHole(holes, at, usableEnd);
        return holes;
    }

    private static void addHole(List<long[]> holes, long from, long to) {
        long start = alignUp(from, SECTION_SIZE);
        long end = alignDown(to);
        if (start < end) {
            holes.add(new long[] {start, end});
        }
    }

    /// Takes a stretch where the firmware says that something lies.
    ///
    /// @return ERANGE if it lies beyond the end of the map, ENOMEM if some of it is taken
    /// @kernel kernel/resource.c: insert_resource
    public Errno insertFixed(PhysicalRange range) {
        if (range.end() > usableEnd) {
            return Errno.ERANGE;
        }
        if (lastIntersecting(range.start(), range.end()) != null) {
            return Errno.ENOMEM;
        }
        insert(range);
        return Errno.OK;
    }

    private void insert(PhysicalRange range) {
        PhysicalRange before = ranges.put(range.start(), range);
        assert before == null : before + " and " + range;
    }

    /// Gives a stretch back.
    ///
    /// @kernel kernel/resource.c: release_mem_region
    public void release(PhysicalRange range) {
        Check.that(ranges.remove(range.start(), range), range + " is not taken");
    }
}
