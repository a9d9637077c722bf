package farpage.emulator.devmem;

import farpage.mm.Check;
import farpage.mm.PageSize;
import farpage.mm.Pfns;
import farpage.mm.physical.MemRegion;
import farpage.mm.physical.NumberSpace;
import farpage.mm.physical.PhysicalRange;
import java.util.BitSet;

/// The stretch of a machine's physical address map that all memory of one device is registered in,
/// taken when the device comes up; each chunk has a place in it. Outside that map there is none,
/// and a chunk's pages are put wherever there are numbers.
///
/// Under the device's `DRIVER_SVM` lock.
///
/// @kernel drivers/gpu/drm/amd/amdkfd/kfd_migrate.c: kgd2kfd_init_zone_device
public final class DeviceWindow implements AutoCloseable {
    /// Chunks begin at multiples of that, so that large folios are aligned by PFN too.
    private static final long ALIGNMENT = PageSize.PMD_SIZE;

    private final Pfns pfns;
    private final PhysicalRange range;
    private final long slotSize;
    private final BitSet used = new BitSet();

    private DeviceWindow(Pfns pfns, PhysicalRange range, long slotSize) {
        this.pfns = pfns;
        this.range = range;
        this.slotSize = slotSize;
    }

    /// What became of the request for a window.
    ///
    /// @kernel None: a return value
    public sealed interface Request {
        /// The machine has a physical address map, and the window is taken.
        ///
        /// @kernel None: a return value
        record Taken(DeviceWindow window) implements Request {}

        /// Device pages are outside it, or there is not a page of them.
        ///
        /// @kernel None: a return value
        record NotNeeded() implements Request {}

        /// No hole is large enough.
        ///
        /// @kernel None: a return value
        record Refused(String reason) implements Request {}
    }

    /// Asks for a window.
    ///
    /// @param limitBytes the most bytes of memory of the device
    /// @param chunkBytes of its largest chunk
    public static Request request(Pfns pfns, long limitBytes, long chunkBytes, String name) {
        long chunk = PageSize.alignDown(Math.min(chunkBytes, limitBytes));
        if (pfns.space() == NumberSpace.OFFSET || chunk == 0) {
            return new Request.NotNeeded();
        }
        long slot = Math.ceilDiv(chunk, ALIGNMENT) * ALIGNMENT;
        long slots = Math.ceilDiv(PageSize.alignDown(limitBytes), chunk);
        return switch (pfns.requestFreeMemRegion(slots * slot, name)) {
            case MemRegion.Found(PhysicalRange range) ->
                    new Request.Taken(new DeviceWindow(pfns, range, slot));
            case MemRegion.Refused refused -> new Request.Refused(refused.reason());
        };
    }

    /// Takes the place of a chunk.
    PhysicalRange take(int pageCount) {
        int slot = used.nextClearBit(0);
        long start = range.start() + slot * slotSize;
        long bytes = PageSize.pageAddress(pageCount);
        Check.that(bytes <= slotSize && start + slotSize <= range.end(), "a window is full");
        used.set(slot);
        return new PhysicalRange(start, start + bytes, range.kind(), range.name());
    }

    void give(PhysicalRange place) {
        used.clear((int) ((place.start() - range.start()) / slotSize));
    }

    /// No chunk is in it any more.
    @Override
    public void close() {
        Check.that(used.isEmpty(), "a window was closed with chunks left");
        pfns.releaseMemRegion(range);
    }
}
