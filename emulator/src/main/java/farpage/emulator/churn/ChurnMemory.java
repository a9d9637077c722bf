package farpage.emulator.churn;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.workload.DataMismatchException;
import farpage.mm.Check;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;

/// A process on one device, and what is done with a region of its memory. Every answer that is not
/// the expected one ends the run.
final class ChurnMemory implements AutoCloseable {
    private static final int READ_WRITE = VmFlags.READ | VmFlags.WRITE;

    /// Where the first region lies. Regions are 4 MiB apart: no two of them are one VMA.
    private static final long FIRST_ADDRESS = 1L << 36;

    private static final long DISTANCE = 2 * PageSize.PMD_SIZE;

    private final Arena arena = Arena.ofConfined();
    private final Mm process;
    private final CpuAccess cpu;
    private final Dmirror file;
    private final MemorySegment expected = arena.allocate(PageSize.PMD_SIZE, Long.BYTES);
    private final MemorySegment seen = arena.allocate(PageSize.PMD_SIZE, Long.BYTES);
    private final Deque<Long> freePlaces = new ArrayDeque<>();
    private long nextPlace = FIRST_ADDRESS;
    private long verifiedBytes;

    ChurnMemory(Mm process, EmulatedDevice device) {
        this.process = process;
        this.cpu = new CpuAccess(process);
        this.file = device.open(process);
    }

    long verifiedBytes() {
        return verifiedBytes;
    }

    private static void require(boolean condition, String what) {
        Check.that(condition, what);
    }

    private static void require(Errno errno, String what) {
        Check.that(errno.isOk(), what + ": " + errno.describe());
    }

    /// Maps a region.
    ChurnRegion map(long seed, int pageCount, long end) {
        Long free = freePlaces.pollFirst();
        long address = free == null ? nextPlace : free;
        if (free == null) {
            nextPlace += DISTANCE;
        }
        require(
                process.mmapFixed(address, PageSize.pageAddress(pageCount), READ_WRITE),
                "a region can not be mapped");
        return new ChurnRegion(seed, address, pageCount, end);
    }

    /// What is done with a run of pages.
    @FunctionalInterface
    private interface RunAction {
        void run(int firstPage, int pageCount);
    }

    private static void forEachRun(ChurnRegion region, RunAction action) {
        BitSet mapped = region.mapped();
        int first = mapped.nextSetBit(0);
        while (first >= 0) {
            int end = mapped.nextClearBit(first);
            action.run(first, end - first);
            first = mapped.nextSetBit(end);
        }
    }

    void cpuWrites(ChurnRegion region) {
        region.countWrite();
        forEachRun(
                region,
                (first, count) ->
                        require(
                                cpu.write(region.address(first), expected(region, first, count))
                                        == FaultResult.HANDLED,
                                "the CPU can not write a region"));
    }

    void deviceWrites(ChurnRegion region) {
        region.countWrite();
        forEachRun(
                region,
                (first, count) ->
                        require(
                                file.execute(
                                                new DmirrorCommand.Write(
                                                        region.address(first),
                                                        count,
                                                        expected(region, first, count)))
                                        .errno(),
                                "the device can not write a region"));
    }

    void migrateToDevice(ChurnRegion region) {
        forEachRun(
                region,
                (first, count) ->
                        require(
                                file.migrateToDevice(region.address(first), count).errno(),
                                "a region can not migrate"));
    }

    void migrateToSystem(ChurnRegion region, int page) {
        require(
                file.execute(new DmirrorCommand.MigrateToSystem(region.address(page), 1)).errno(),
                "a page can not migrate back");
    }

    /// Unmaps pages of a region, mapped or not.
    void unmap(ChurnRegion region, int firstPage, int pageCount) {
        require(
                process.munmap(region.address(firstPage), PageSize.pageAddress(pageCount)),
                "a region can not be unmapped");
        region.mapped().clear(firstPage, firstPage + pageCount);
    }

    /// Ends a region.
    void end(ChurnRegion region) {
        unmap(region, 0, PageSize.ENTRIES_PER_TABLE);
        freePlaces.addLast(region.address(0));
    }

    /// The CPU reads one page, which comes back for it.
    void cpuVerifies(ChurnRegion region, int page) {
        cpuVerifies(region, page, 1);
    }

    void cpuVerifies(ChurnRegion region) {
        forEachRun(region, (first, count) -> cpuVerifies(region, first, count));
    }

    private void cpuVerifies(ChurnRegion region, int first, int count) {
        MemorySegment to = seen.asSlice(0, PageSize.pageAddress(count));
        require(
                cpu.read(region.address(first), to) == FaultResult.HANDLED,
                "the CPU can not read a region");
        compare("the CPU", region, first, count);
    }

    /// The device reads a region where it lies.
    void deviceVerifies(ChurnRegion region) {
        forEachRun(
                region,
                (first, count) -> {
                    MemorySegment to = seen.asSlice(0, PageSize.pageAddress(count));
                    require(
                            file.execute(new DmirrorCommand.Read(region.address(first), count, to))
                                    .errno(),
                            "the device can not read a region");
                    compare("the device", region, first, count);
                });
    }

    /// What the last verification saw.
    MemorySegment seen() {
        return seen;
    }

    private MemorySegment expected(ChurnRegion region, int first, int count) {
        region.fill(first, count, expected);
        return expected.asSlice(0, PageSize.pageAddress(count));
    }

    private void compare(String side, ChurnRegion region, int first, int count) {
        MemorySegment right = expected(region, first, count);
        long differs = right.mismatch(seen.asSlice(0, right.byteSize()));
        if (differs >= 0) {
            long word = differs & -Long.BYTES;
            throw DataMismatchException.at(
                    side,
                    region.address(first) + word,
                    right.get(ValueLayout.JAVA_LONG, word),
                    seen.get(ValueLayout.JAVA_LONG, word));
        }
        verifiedBytes += right.byteSize();
    }

    /// Ends the process.
    @Override
    public void close() {
        file.close();
        process.exit();
        arena.close();
    }
}
