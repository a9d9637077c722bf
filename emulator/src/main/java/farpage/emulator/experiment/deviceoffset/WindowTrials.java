package farpage.emulator.experiment.deviceoffset;

import farpage.emulator.workload.WorkloadException;
import farpage.mm.Machine;
import farpage.mm.PageSize;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFault;
import farpage.mm.physical.MemRegion;
import farpage.mm.physical.PhysicalAddressMap;
import farpage.mm.physical.PhysicalLayout;
import farpage.mm.zonedevice.DevicePagemap;
import farpage.mm.zonedevice.DevicePrivateOps;
import farpage.mm.zonedevice.PagemapRegistration;
import farpage.mm.zonedevice.PagemapRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Whether the memory of devices finds windows of physical addresses, by how many bits these have.
/// Each registration is carried out by a machine; only its RAM is smaller than its map says.
///
/// @kernel mm/memremap.c: memremap_pages; kernel/resource.c: request_free_mem_region
final class WindowTrials {
    static final int BITS_MIN = 39;
    static final int BITS_MAX = 52;

    /// Random layouts of each kind.
    static final int SHUFFLES = 32;

    /// Devices of a large server.
    static final int DEVICES = 8;

    /// RAM of the server.
    static final long RAM_BYTES = 256L << 30;

    /// RAM of the machine that registers.
    private static final long OWN_RAM_BYTES = 2 * PageSize.PMD_SIZE;

    /// What became of devices of one size.
    ///
    /// @param one whether one could be registered, in a map laid out plainly
    /// @param many how many of eight found windows there
    /// @param oneShuffled of how many random layouts one could be registered in
    /// @param manyShuffled in how many all eight found windows
    /// @param outside whether one could be registered outside the map
    record Result(
            int bits,
            long deviceBytes,
            boolean one,
            int many,
            int oneShuffled,
            int manyShuffled,
            boolean outside) {}

    private static final DevicePrivateOps OPS =
            new DevicePrivateOps() {
                @Override
                public void folioFree(long page, int order) {
                    // Nobody allocates any.
                }

                @Override
                public FaultResult migrateToRam(PageFault fault) {
                    return FaultResult.SIGBUS;
                }
            };

    private final long seed;

    WindowTrials(long seed) {
        this.seed = seed;
    }

    List<Result> run() {
        List<Result> results = new ArrayList<>();
        for (int bits = BITS_MIN; bits <= BITS_MAX; bits++) {
            for (long bytes : DeviceOffsetPlan.DEVICE_SIZES) {
                results.add(measure(bits, bytes));
            }
        }
        return results;
    }

    private Result measure(int bits, long bytes) {
        PhysicalLayout plain = PhysicalLayout.of(bits);
        int oneShuffled = 0;
        int manyShuffled = 0;
        for (int i = 0; i < SHUFFLES; i++) {
            PhysicalLayout shuffled = plain.shuffled(seed + i);
            oneShuffled += registers(bytes, Optional.of(map(shuffled))) ? 1 : 0;
            manyShuffled += windows(shuffled, bytes) == DEVICES ? 1 : 0;
        }
        return new Result(
                bits,
                bytes,
                registers(bytes, Optional.of(map(plain))),
                windows(plain, bytes),
                oneShuffled,
                manyShuffled,
                registers(bytes, Optional.empty()));
    }

    private static PhysicalAddressMap map(PhysicalLayout layout) {
        return new PhysicalAddressMap(layout, RAM_BYTES);
    }

    private static int windows(PhysicalLayout layout, long bytes) {
        PhysicalAddressMap map = map(layout);
        int found = 0;
        while (found < DEVICES
                && map.requestFreeMemRegion(bytes, "device " + found) instanceof MemRegion.Found) {
            found++;
        }
        return found;
    }

    private static boolean registers(long bytes, Optional<PhysicalAddressMap> map) {
        int pages = Math.toIntExact(PageSize.pageNumber(bytes));
        try (Machine machine = new Machine(OWN_RAM_BYTES, map)) {
            return switch (machine.memremapPages(
                    PagemapRequest.devicePrivate(pages, OPS, machine))) {
                case PagemapRegistration.Registered(DevicePagemap pagemap) -> {
                    checkNumbers(machine, pagemap, map.isPresent());
                    machine.memunmapPages(pagemap);
                    yield true;
                }
                case PagemapRegistration.Refused _ -> false;
            };
        }
    }

    /// The first and the last page are found again by their numbers.
    private static void checkNumbers(Machine machine, DevicePagemap pagemap, boolean hasPfns) {
        for (int index : new int[] {0, pagemap.pageCount() - 1}) {
            long page = pagemap.page(index);
            boolean found =
                    hasPfns
                            ? machine.pfns().page(machine.pfns().pfn(page)) == page
                            : machine.lookupPagemap(page) == pagemap;
            if (!found || machine.pfns().isKnown(page) != hasPfns) {
                throw new WorkloadException(
                        WorkloadException.Reason.DEVICE_MEMORY,
                        "page %d of a device is not found by its number".formatted(index));
            }
        }
    }
}
