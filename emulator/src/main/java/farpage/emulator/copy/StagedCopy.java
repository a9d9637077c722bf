package farpage.emulator.copy;

import farpage.mm.PageSize;
import farpage.mm.memory.HostMemory;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClEvent;
import farpage.opencl.ClException;
import farpage.opencl.ClQueue;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// The way of a device with memory of its own: a row of pages crosses in one transfer, and a kernel
/// takes it apart or puts it together. While the host fills or empties one slot, another crosses on
/// one queue, and the kernel works on a third on the other.
///
/// @opencl gather_pages.cl, scatter_pages.cl, zero_pages.cl
final class StagedCopy implements CopyStrategy {
    private final CopyKernels kernels;
    private final PageBuffers buffers;
    private final MemorySegment ram;
    private final ClQueue transfers;
    private final ClQueue launches;
    private final StagingRing ring;

    /// @param kernels stay the caller's
    /// @param queues two, which stay the caller's
    StagedCopy(CopyDevice device, CopyKernels kernels, PageBuffers buffers, ClQueue[] queues) {
        this.kernels = kernels;
        this.buffers = buffers;
        this.ram = device.ram();
        this.transfers = queues[0];
        this.launches = queues[1];
        this.ring = StagingRing.open(device.context(), transfers, ram);
    }

    /// What a flight still has to stage.
    private static final class Cursor {
        private final CopyFlight flight;
        private final int[] order;
        private final boolean zeros;
        private int next;
        private int done;

        private Cursor(CopyFlight flight, int[] order, boolean zeros) {
            this.flight = flight;
            this.order = order;
            this.zeros = zeros;
            skip();
        }

        private void skip() {
            CopyPieces pieces = flight.scattered;
            while (next < pieces.count() && pieces.isZero(order[next]) != zeros) {
                next++;
            }
        }

        private boolean hasNext() {
            return next < flight.scattered.count();
        }

        private long source() {
            return flight.scattered.source(order[next]) + done;
        }

        private long destination() {
            return flight.scattered.destination(order[next]) + done;
        }

        private long devicePage() {
            return flight.isToDevice() ? destination() : source();
        }

        private void advance() {
            done++;
            if (done == flight.scattered.length(order[next])) {
                done = 0;
                next++;
                skip();
            }
        }
    }

    @Override
    public void start(CopyFlight flight) {
        int[] order = new BufferOrder().of(flight, buffers);
        stageAll(flight, new Cursor(flight, order, false));
        if (flight.isToDevice()) {
            stageAll(flight, new Cursor(flight, order, true));
        }
    }

    private void stageAll(CopyFlight flight, Cursor cursor) {
        while (cursor.hasNext()) {
            StagingSlot slot = ring.take(flight);
            ClEvent done = null;
            try {
                done = stage(slot, cursor);
                transfers.flush();
                launches.flush();
                ring.send(slot, done);
            } catch (ClException e) {
                if (done != null) {
                    done.close();
                }
                settle(e);
                ring.abandon(slot, flight);
                throw e;
            }
        }
    }

    /// Before a slot is given back that commands may be under way for.
    private void settle(ClException failure) {
        for (ClQueue queue : new ClQueue[] {transfers, launches}) {
            try {
                queue.finish();
            } catch (ClException e) {
                failure.addSuppressed(e);
            }
        }
    }

    private ClEvent stage(StagingSlot slot, Cursor cursor) {
        if (cursor.zeros) {
            return stageZeros(slot, cursor);
        }
        return cursor.flight.isToDevice() ? stageOut(slot, cursor) : stageIn(slot, cursor);
    }

    /// Fills a slot with pages for the device.
    private ClEvent stageOut(StagingSlot slot, Cursor cursor) {
        Sections sections = new Sections();
        for (int i = 0; i < StagingSlot.PAGES && cursor.hasNext(); i++) {
            MemorySegment.copy(
                    ram,
                    HostMemory.offset(cursor.source()),
                    slot.host,
                    StagingSlot.offset(i),
                    PageSize.PAGE_SIZE);
            list(slot, i, cursor.devicePage(), sections);
            cursor.advance();
        }
        long size = StagingSlot.offset(sections.pages);
        try (ClEvent sent = transfers.write(slot.device, 0, slot.host.asSlice(0, size))) {
            transfers.flush();
            cursor.flight.commands++;
            return launchAll(slot, cursor.flight, sections, Kind.SCATTER, sent);
        }
    }

    /// Lists pages that become zeros on the device.
    private ClEvent stageZeros(StagingSlot slot, Cursor cursor) {
        Sections sections = new Sections();
        for (int i = 0; i < StagingSlot.PAGES && cursor.hasNext(); i++) {
            list(slot, i, cursor.devicePage(), sections);
            cursor.advance();
        }
        long size = StagingSlot.offset(0);
        try (ClEvent sent = transfers.write(slot.device, 0, slot.host.asSlice(0, size))) {
            transfers.flush();
            cursor.flight.commands++;
            return launchAll(slot, cursor.flight, sections, Kind.ZERO, sent);
        }
    }

    /// Lets pages of the device come into a slot.
    private ClEvent stageIn(StagingSlot slot, Cursor cursor) {
        Sections sections = new Sections();
        for (int i = 0; i < StagingSlot.PAGES && cursor.hasNext(); i++) {
            slot.landings[i] = cursor.destination();
            list(slot, i, cursor.devicePage(), sections);
            cursor.advance();
        }
        slot.landingCount = sections.pages;
        launches.enqueueWrite(slot.device, 0, slot.host, 0, StagingSlot.offset(0));
        cursor.flight.commands += 2;
        long size = PageSize.pageAddress(sections.pages);
        MemorySegment row = slot.host.asSlice(StagingSlot.offset(0), size);
        try (ClEvent gathered = launchAll(slot, cursor.flight, sections, Kind.GATHER)) {
            launches.flush();
            return transfers.read(slot.device, StagingSlot.offset(0), row, gathered);
        }
    }

    /// Which kernel.
    private enum Kind {
        SCATTER,
        GATHER,
        ZERO
    }

    /// The parts of a row whose pages lie in one buffer.
    private static final class Sections {
        private final ClBuffer[] heaps = new ClBuffer[StagingSlot.PAGES];
        private final int[] ends = new int[StagingSlot.PAGES];
        private int count;
        private int pages;
    }

    @SuppressWarnings("ReferenceEquality") // a buffer is known by identity
    private void list(StagingSlot slot, int index, long devicePage, Sections sections) {
        slot.setListed(index, PageSize.pageNumber(buffers.offset(devicePage)));
        ClBuffer heap = buffers.buffer(devicePage);
        if (sections.count == 0 || sections.heaps[sections.count - 1] != heap) {
            sections.heaps[sections.count++] = heap;
        }
        sections.ends[sections.count - 1] = index + 1;
        sections.pages = index + 1;
    }

    /// @return the event of the last launch
    private ClEvent launchAll(
            StagingSlot slot, CopyFlight flight, Sections sections, Kind kind, ClEvent... waitFor) {
        @Nullable ClEvent last = null;
        int first = 0;
        for (int i = 0; i < sections.count; i++) {
            int end = sections.ends[i];
            if (last != null) {
                last.close();
                last = null;
            }
            last = launch(slot, sections.heaps[i], kind, first, end - first, waitFor);
            flight.commands++;
            first = end;
        }
        if (last == null) {
            throw new AssertionError("an empty row");
        }
        return last;
    }

    private ClEvent launch(
            StagingSlot slot, ClBuffer heap, Kind kind, int first, int count, ClEvent... waitFor) {
        int at = StagingSlot.FIRST_PAGE + first;
        int shift = PageSize.PAGE_SHIFT;
        ClBuffer row = slot.device;
        return switch (kind) {
            case SCATTER ->
                    kernels.scatter()
                            .launch(launches, heap, row, first, count, row, at, shift, waitFor);
            case GATHER ->
                    kernels.gather()
                            .launch(launches, heap, row, first, count, row, at, shift, waitFor);
            case ZERO -> kernels.zero().launch(launches, heap, row, first, count, shift, waitFor);
        };
    }

    @Override
    public void finish(CopyFlight flight) {
        ring.finish(flight);
    }

    @Override
    public void close() {
        ring.close();
    }
}
