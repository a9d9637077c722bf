package farpage.emulator.replay;

import farpage.emulator.trace.Fnv1a64;
import farpage.emulator.trace.KernelOperation;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.gup.GupResult;
import farpage.mm.memory.HostMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The pages that one process has pinned, as a driver that lets hardware write into them would.
///
/// @kernel mm/gup.c: pin_user_pages
final class PinOperations {
    /// For long, so that pages leave the devices.
    private static final int FLAGS = GupFlags.WRITE | GupFlags.LONGTERM;

    private final Mm mm;
    private final List<long[]> pins = new ArrayList<>();

    PinOperations(Mm mm) {
        this.mm = mm;
    }

    /// Pins the pages from the first on that can be had.
    String pin(long address, KernelOperation.Pin pin) {
        long[] pages = new long[pin.pageCount()];
        GupResult result = GetUserPages.pinUnlocked(mm, address, pages.length, FLAGS, pages);
        if (!result.errno().isOk()) {
            return result.errno().describe();
        }
        pins.add(Arrays.copyOf(pages, result.count()));
        return "0 n=" + result.count();
    }

    /// What the pinned pages contain, in the order in which they were pinned.
    String check(ContentHash contentHash) {
        HostMemory ram = mm.machine().ram();
        long hash = Fnv1a64.START;
        int count = 0;
        for (long[] pages : pins) {
            for (long page : pages) {
                hash = contentHash.update(hash, ram.bytes(page), 0, PageSize.PAGE_SIZE);
                count++;
            }
        }
        return "n=" + count + " h=" + Fnv1a64.format(hash);
    }

    /// Lets go of all of them.
    String unpin() {
        for (long[] pages : pins) {
            GetUserPages.unpin(mm.machine(), pages, pages.length, true);
        }
        pins.clear();
        return "ok";
    }

    List<long[]> pinned() {
        return pins;
    }
}
