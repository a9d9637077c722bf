package farpage.emulator.bench;

import farpage.mm.PageSize;
import farpage.mm.memory.HostMemory;
import farpage.mm.memory.NativeCopy;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// What copies can reach at best on a device that shares the host's memory: the C library's
/// `memcpy`, on one thread, page by page over the same places in the same order. It works between
/// two memories of the same size and kind as those of system and device, not in these themselves,
/// so that it can not repair what a wrong copy left there.
///
/// @kernel memcpy(3)
final class MemcpyPattern implements AutoCloseable {
    private final HostMemory system;
    private final HostMemory device;

    /// Takes memory and touches all of it.
    MemcpyPattern(long systemBytes, long deviceBytes) {
        this.system = new HostMemory(systemBytes);
        this.device = new HostMemory(deviceBytes);
        touch(system.segment());
        touch(device.segment());
    }

    /// Has the host give memory its frames, none of them the page of zeros that stands for what
    /// nobody stored to.
    static void touch(MemorySegment memory) {
        for (long at = 0; at < memory.byteSize(); at += PageSize.PAGE_SIZE) {
            memory.set(ValueLayout.JAVA_BYTE, at, (byte) 0x5A);
        }
    }

    boolean holds(long systemBytes, long deviceBytes) {
        return system.segment().byteSize() >= systemBytes
                && device.segment().byteSize() >= deviceBytes;
    }

    /// Copies; to be timed.
    ///
    /// @param from where each page begins on its side, in bytes
    /// @param to likewise
    /// @param size bytes of a page
    void copy(TransferDirection direction, long[] from, long[] to, int count, long size) {
        HostMemory source = direction == TransferDirection.H2D ? system : device;
        HostMemory target = direction == TransferDirection.D2H ? system : device;
        for (int i = 0; i < count; i++) {
            NativeCopy.copy(source.segment(), from[i], target.segment(), to[i], size);
        }
    }

    /// Where pages begin, from their numbers.
    static long[] offsets(long... pageNumbers) {
        long[] offsets = pageNumbers.clone();
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] = PageSize.pageAddress(offsets[i]);
        }
        return offsets;
    }

    @Override
    public void close() {
        system.close();
        device.close();
    }
}
