package farpage.emulator.copy;

import farpage.mm.PageSize;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClEvent;
import farpage.opencl.ClException;
import farpage.opencl.ClMapMode;
import farpage.opencl.ClMapping;
import farpage.opencl.ClMemoryFlag;
import farpage.opencl.ClQueue;
import farpage.opencl.kernel.layout.PageListLayout;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// Where scattered pages are brought into a row on their way. It has two slots, so that the host
/// fills or empties one while the device works on the other. A slot is a row of pages and a list of
/// page numbers, both once on the host's side and once on the device's.
///
/// The host's side comes from the driver (ALLOC_HOST_PTR), which pins it where that makes transfers
/// faster, and is mapped for good: no command ever uses that buffer but as memory of the host.
///
/// A slot is *busy* from [#mark(int, ClEvent)] to [#await(int)]: its host side is the device's.
///
/// @opencl CL_MEM_ALLOC_HOST_PTR, clEnqueueMapBuffer
final class StagingMemory implements AutoCloseable {
    static final int SLOTS = 2;

    /// Pages of a slot: 2 MiB.
    static final int SLOT_PAGES = 512;

    private static final long SLOT_SIZE = PageSize.pageAddress(SLOT_PAGES);
    private static final long LIST_SIZE = PageListLayout.size(SLOT_PAGES);
    private static final long HOST_SIZE = SLOTS * (SLOT_SIZE + LIST_SIZE);

    private final ClQueue queue;
    private final ClBuffer hostBuffer;
    private final ClMapping mapping;
    private final ClBuffer devicePages;
    private final ClBuffer deviceList;
    private final MemorySegment host;
    private final @Nullable ClEvent[] busy = new ClEvent[SLOTS];

    private StagingMemory(
            ClQueue queue,
            ClBuffer hostBuffer,
            ClMapping mapping,
            ClBuffer devicePages,
            ClBuffer deviceList) {
        this.queue = queue;
        this.hostBuffer = hostBuffer;
        this.mapping = mapping;
        this.devicePages = devicePages;
        this.deviceList = deviceList;
        this.host = mapping.memory();
    }

    /// Makes the buffers; if one can not be made, the others are given back.
    static StagingMemory open(ClContext context, ClQueue queue) {
        ClBuffer hostBuffer = context.createBuffer(HOST_SIZE, ClMemoryFlag.ALLOC_HOST_PTR);
        try {
            ClBuffer devicePages = context.createBuffer(SLOTS * SLOT_SIZE, ClMemoryFlag.READ_WRITE);
            try {
                ClBuffer deviceList =
                        context.createBuffer(SLOTS * LIST_SIZE, ClMemoryFlag.READ_ONLY);
                try {
                    ClMapping mapping = queue.map(hostBuffer, ClMapMode.READ_WRITE, 0, HOST_SIZE);
                    mapping.ready().await();
                    return new StagingMemory(queue, hostBuffer, mapping, devicePages, deviceList);
                } catch (ClException e) {
                    deviceList.close();
                    throw e;
                }
            } catch (ClException e) {
                devicePages.close();
                throw e;
            }
        } catch (ClException e) {
            hostBuffer.close();
            throw e;
        }
    }

    /// The host's side of all slots.
    MemorySegment host() {
        return host;
    }

    /// Where a page of a slot begins in [#host()].
    static long hostOffset(int slot, int index) {
        return slot * SLOT_SIZE + PageSize.pageAddress(index);
    }

    /// Stores an entry of a slot's list on the host's side.
    void setListed(int slot, int index, long pageInBuffer) {
        assert index < SLOT_PAGES;
        PageListLayout.set(
                host,
                (int) ((SLOTS * SLOT_SIZE + slot * LIST_SIZE) / PageListLayout.ENTRY_SIZE) + index,
                pageInBuffer);
    }

    /// Sends the first entries of a slot's list to the device.
    void enqueueList(int slot, int count) {
        queue.enqueueWrite(
                deviceList,
                slot * LIST_SIZE,
                host,
                SLOTS * SLOT_SIZE + slot * LIST_SIZE,
                PageListLayout.size(count));
    }

    /// Sends the first pages of a slot to the device.
    void enqueuePagesToDevice(int slot, int count) {
        queue.enqueueWrite(
                devicePages,
                slot * SLOT_SIZE,
                host,
                hostOffset(slot, 0),
                PageSize.pageAddress(count));
    }

    /// Brings the first pages of a slot to the host.
    void enqueuePagesToHost(int slot, int count) {
        queue.enqueueRead(
                devicePages,
                slot * SLOT_SIZE,
                host,
                hostOffset(slot, 0),
                PageSize.pageAddress(count));
    }

    ClBuffer devicePages() {
        return devicePages;
    }

    ClBuffer deviceList() {
        return deviceList;
    }

    /// The first page of a slot, and the first entry of its list, in the device's buffers.
    static int first(int slot) {
        return slot * SLOT_PAGES;
    }

    /// The slot is the device's until the event.
    void mark(int slot, ClEvent event) {
        assert busy[slot] == null;
        busy[slot] = event;
    }

    /// Waits until the slot is the host's again.
    void await(int slot) {
        ClEvent event = busy[slot];
        if (event != null) {
            busy[slot] = null;
            try (event) {
                event.await();
            }
        }
    }

    /// After a failure, with nothing under way any more: both slots are the host's.
    void reset() {
        for (int slot = 0; slot < SLOTS; slot++) {
            ClEvent event = busy[slot];
            busy[slot] = null;
            if (event != null) {
                event.close();
            }
        }
    }

    @Override
    public void close() {
        reset();
        try (ClEvent unmapped = queue.unmap(mapping)) {
            unmapped.await();
        }
        hostBuffer.close();
        devicePages.close();
        deviceList.close();
    }
}
