package farpage.emulator.devmem;

import farpage.emulator.copy.CopyDevice;
import farpage.mm.PageSize;
import farpage.mm.physical.PhysicalRange;
import farpage.mm.zonedevice.DevicePrivateOps;
import farpage.mm.zonedevice.PagemapRequest;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClException;
import farpage.opencl.ClMemoryFlag;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Chunks of device-private memory, wherever the machine has numbers for them: plain buffers, or
/// where the device lives in memory of the host, parts of a [DeviceHeap].
///
/// @kernel lib/test_hmm.c: dmirror_allocate_chunk, MEMORY_DEVICE_PRIVATE
public final class PrivateChunks implements ChunkSource {
    private final CopyDevice device;
    private final DevicePrivateOps ops;
    private final Object owner;
    private final long chunkSize;
    private final long limitBytes;
    private final Optional<DeviceWindow> window;

    /// Under the `DRIVER_SVM` lock of the device, as making chunks is.
    private final List<DeviceHeap> heaps = new ArrayList<>();

    /// @param device where the memory is made
    /// @param ops for the pagemaps
    /// @param owner of the pagemaps
    /// @param chunkSize bytes of the largest chunk
    /// @param limitBytes of all chunks
    /// @param window of the physical address map that they are registered in, if any; closed with
    ///   this
    public PrivateChunks(
            CopyDevice device,
            DevicePrivateOps ops,
            Object owner,
            long chunkSize,
            long limitBytes,
            Optional<DeviceWindow> window) {
        this.device = device;
        this.ops = ops;
        this.owner = owner;
        this.chunkSize = chunkSize;
        this.limitBytes = limitBytes;
        this.window = window;
    }

    @Override
    public ChunkSpace make(int pageCount) {
        PagemapRequest request = PagemapRequest.devicePrivate(pageCount, ops, owner);
        if (window.isEmpty()) {
            return makeMemory(pageCount, request);
        }
        DeviceWindow places = window.get();
        PhysicalRange place = places.take(pageCount);
        boolean complete = false;
        try {
            ChunkSpace space = makeMemory(pageCount, request.within(place));
            complete = true;
            return space.alsoGivingBack(() -> places.give(place));
        } finally {
            if (!complete) {
                places.give(place);
            }
        }
    }

    private ChunkSpace makeMemory(int pageCount, PagemapRequest request) {
        long size = PageSize.pageAddress(pageCount);
        if (device.abilities().livesInHostMemory() && size <= bufferMax()) {
            return makeInHeap(pageCount, request);
        }
        ClBuffer buffer = device.context().createBuffer(size, ClMemoryFlag.READ_WRITE);
        return new ChunkSpace(buffer, request, buffer::close);
    }

    private ChunkSpace makeInHeap(int pageCount, PagemapRequest request) {
        DeviceHeap heap = heapWithRoom(PageSize.pageAddress(pageCount));
        long offset = heap.take();
        boolean complete = false;
        try {
            ClBuffer part = heap.part(offset, pageCount);
            ChunkSpace space =
                    new ChunkSpace(
                            part,
                            heap.buffer(),
                            offset,
                            request,
                            () -> {
                                part.close();
                                heap.give(offset);
                            });
            complete = true;
            return space;
        } finally {
            if (!complete) {
                heap.give(offset);
            }
        }
    }

    /// The most bytes of a buffer over host memory.
    private long bufferMax() {
        return Math.min(device.device().info().maxAllocation(), device.context().hostMemoryMax());
    }

    private DeviceHeap heapWithRoom(long size) {
        for (DeviceHeap heap : heaps) {
            if (heap.hasRoom(size)) {
                return heap;
            }
        }
        long slot = Math.max(size, Math.min(chunkSize, bufferMax()));
        long slots = Math.min(Math.ceilDiv(limitBytes, slot), bufferMax() / slot);
        DeviceHeap more = newHeap(slot, (int) slots);
        heaps.add(more);
        return more;
    }

    /// A smaller one where the device has no room for so large a buffer.
    private DeviceHeap newHeap(long slot, int slots) {
        try {
            return new DeviceHeap(device.context(), slot, slots);
        } catch (ClException e) {
            if (slots == 1 || !e.error().isOutOfMemory()) {
                throw e;
            }
            return newHeap(slot, slots / 2);
        }
    }

    @Override
    public void close() {
        heaps.forEach(DeviceHeap::close);
        heaps.clear();
        window.ifPresent(DeviceWindow::close);
    }
}
