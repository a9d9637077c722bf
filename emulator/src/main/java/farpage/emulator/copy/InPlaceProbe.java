package farpage.emulator.copy;

import farpage.mm.PageSize;
import farpage.mm.memory.NativeRegion;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClEvent;
import farpage.opencl.ClException;
import farpage.opencl.ClMemoryFlag;
import farpage.opencl.ClQueue;
import farpage.opencl.kernel.CopyPages;
import farpage.opencl.kernel.layout.PagePairLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Tries whether a device works on memory of the host that a buffer was made over (USE_HOST_PTR)
/// where it lies. The specification lets it keep a copy, and no flag tells.
///
/// The host stores in one stretch of memory and looks at another, with no map, read or write; a
/// kernel copies from the first to the second, by a list that the host wrote just so. Then commands
/// do. It is done twice with other bytes, since a copy made at first use would be right once.
///
/// @opencl CL_MEM_USE_HOST_PTR
final class InPlaceProbe {
    private static final int PAGES = 4;
    private static final int ROUNDS = 2;
    private static final long SIZE = PageSize.pageAddress(PAGES);

    private InPlaceProbe() {}

    /// Whether host and device see what the other stored.
    ///
    /// @param program for the kernel that copies
    /// @throws ClException if the device refuses
    static boolean holds(ClContext context, ClDevice device, CopyPages program) {
        try (NativeRegion region = new NativeRegion(3 * SIZE);
                ClQueue queue = context.createQueue(device);
                ClBuffer from = buffer(context, region, 0);
                ClBuffer to = buffer(context, region, 1);
                ClBuffer pairs = buffer(context, region, 2);
                CopyPages.Launcher launcher = program.launcher(pairs)) {
            MemorySegment source = part(region, 0);
            MemorySegment target = part(region, 1);
            for (int round = 0; round < ROUNDS; round++) {
                fill(source, 2L * round);
                target.fill((byte) 0);
                for (int i = 0; i < PAGES; i++) {
                    // Another order each time, so that an old list would show.
                    PagePairLayout.set(part(region, 2), i, i, (i + round) % PAGES);
                }
                try (ClEvent done =
                        launcher.launch(queue, from, to, 0, PAGES, PageSize.PAGE_SHIFT)) {
                    done.await();
                }
                if (!isRotated(source, target, round)) {
                    return false;
                }
                fill(source, 2L * round + 1);
                queue.enqueueCopy(from, 0, to, 0, SIZE);
                queue.finish();
                if (!isRotated(source, target, 0)) {
                    return false;
                }
            }
            return true;
        }
    }

    private static MemorySegment part(NativeRegion region, int index) {
        return region.segment().asSlice(index * SIZE, SIZE);
    }

    private static ClBuffer buffer(ClContext context, NativeRegion region, int index) {
        return context.createBuffer(part(region, index), ClMemoryFlag.USE_HOST_PTR);
    }

    private static void fill(MemorySegment memory, long seed) {
        for (long i = 0; i < SIZE / Long.BYTES; i++) {
            memory.setAtIndex(ValueLayout.JAVA_LONG, i, (seed << 32 | i) * 0x9E3779B97F4A7C15L);
        }
    }

    private static boolean isRotated(MemorySegment source, MemorySegment target, int by) {
        for (int i = 0; i < PAGES; i++) {
            long from = PageSize.pageAddress(i);
            long to = PageSize.pageAddress((i + by) % PAGES);
            if (source.asSlice(from, PageSize.PAGE_SIZE)
                            .mismatch(target.asSlice(to, PageSize.PAGE_SIZE))
                    >= 0) {
                return false;
            }
        }
        return true;
    }
}
