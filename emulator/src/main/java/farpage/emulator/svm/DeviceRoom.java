package farpage.emulator.svm;

import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.devmem.Evictor;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.hugememory.HugePages;
import java.util.function.IntSupplier;

/// Room on the device for what is about to migrate there, made under nothing but the device's
/// `DRIVER_SVM` lock, since that may evict.
///
/// @kernel drivers/gpu/drm/ttm: what a driver of a GPU does before it migrates
final class DeviceRoom {
    /// How often room is made for one batch.
    private static final int ATTEMPTS = 4;

    private final DeviceMemory memory;
    private final Evictor evictor;
    private final boolean evicts;
    private final boolean collapses;

    /// @param evicts whether pages of the device make room for others when its memory is full
    /// @param collapses whether base pages need room for large folios too
    DeviceRoom(DeviceMemory memory, Evictor evictor, boolean evicts, boolean collapses) {
        this.collapses = collapses;
        this.memory = memory;
        this.evictor = evictor;
        this.evicts = evicts;
    }

    /// Whether there is room for so many single pages without anything being made.
    boolean isPlentifulForPages(long pageCount) {
        return pageCount <= memory.freePageCount();
    }

    /// The same for a range, in large folios too.
    boolean isPlentifulForRange(long pageCount) {
        int order = PageSize.HPAGE_PMD_ORDER;
        return isPlentifulForPages(pageCount)
                && (pageCount < PageSize.ENTRIES_PER_TABLE
                        || !memory.orders().contains(order)
                        || pageCount <= memory.freePageCount(order));
    }

    /// Makes room for a range.
    ///
    /// @param isFirst whether the command begins with it
    void makeForRange(ProcessMirror mirror, long start, long end, boolean isFirst) {
        long valid = migratableEnd(mirror.mm(), start, end);
        make(() -> missingPages(mirror, start, valid));
        gatherLarge(mirror, start, valid, isFirst);
    }

    /// Makes room for single pages, those at `[from, to)` of a list.
    void makeForPages(ProcessMirror mirror, long[] pageNumbers, int from, int to) {
        if (memory.freePageCount() < to - from) {
            make(() -> missingPages(mirror, pageNumbers, from, to));
        }
    }

    /// Where the part of `[start, end)` ends that can migrate at all, so that no room is made for a
    /// range that will be refused.
    private static long migratableEnd(Mm mm, long start, long end) {
        mm.lockRead();
        try {
            long at = start;
            while (at < end && !mm.isExited()) {
                Vma vma = mm.lookupVma(at);
                if (vma == null || !vma.isReadable() || (vma.flags() & VmFlags.SPECIAL) != 0) {
                    break;
                }
                at = vma.end();
            }
            return Math.min(at, end);
        } finally {
            mm.unlockRead();
        }
    }

    /// All OpenCL buffers that a migration needs are made here, before it holds any folio: a device
    /// that refuses one in an unexpected way ends the command with nothing to put back.
    ///
    /// The oldest pages on the device may be some of the batch itself. Those that left to make room
    /// need room again.
    private void make(IntSupplier missingPages) {
        int missing = missingPages.getAsInt();
        if (!evicts) {
            memory.grow(missing);
            return;
        }
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            evictor.reserve(missing);
            int left = missingPages.getAsInt();
            if (left <= missing) {
                return;
            }
            missing = left;
        }
    }

    /// Room in pieces of 2 MiB for what can be such on the device. Folios of the device are moved
    /// for it only while none of the command is among them: the device is to find those at once.
    private void gatherLarge(ProcessMirror mirror, long start, long end, boolean isFirst) {
        int order = PageSize.HPAGE_PMD_ORDER;
        if (!memory.orders().contains(order)) {
            return;
        }
        long pageCount =
                collapses
                        ? PageSize.pageNumber(Math.max(0, wholeBlocks(start, end)))
                        : HugePages.hugePageCount(mirror.mm(), start, end);
        if (pageCount > memory.freePageCount(order)) {
            boolean isAllMissing =
                    missingPages(mirror, start, end) == PageSize.pageNumber(end - start);
            evictor.gather(pageCount, order, evicts && isFirst && isAllMissing);
        }
    }

    /// The bytes of a range that lie in whole pieces of 2 MiB.
    private static long wholeBlocks(long start, long end) {
        return PageSize.alignDownPmd(end) - PageSize.alignDownPmd(start + PageSize.PMD_SIZE - 1);
    }

    /// Pages that the mirror does not know to be on the device.
    private static int missingPages(ProcessMirror mirror, long start, long end) {
        DevicePageTable table = mirror.table();
        long endPage = PageSize.pageNumber(end);
        long missing = endPage - PageSize.pageNumber(start);
        table.lock();
        long page = table.nextPresentLocked(PageSize.pageNumber(start), endPage);
        while (page >= 0) {
            missing -= isOnDevice(table.entryLocked(page)) ? 1 : 0;
            page = table.nextPresentLocked(page + 1, endPage);
        }
        table.unlock();
        return (int) missing;
    }

    private static int missingPages(ProcessMirror mirror, long[] pageNumbers, int from, int to) {
        DevicePageTable table = mirror.table();
        int missing = 0;
        table.lock();
        for (int i = from; i < to; i++) {
            missing += isOnDevice(table.entryLocked(pageNumbers[i])) ? 0 : 1;
        }
        table.unlock();
        return missing;
    }

    private static boolean isOnDevice(long entry) {
        return DevicePte.isOnDevice(entry);
    }
}
