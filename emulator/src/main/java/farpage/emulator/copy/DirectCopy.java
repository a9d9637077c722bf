package farpage.emulator.copy;

import farpage.mm.memory.HostMemory;
import farpage.opencl.ClQueue;
import java.lang.foreign.MemorySegment;

/// Pieces as commands between RAM and the device's memory. A batch that is worth it goes over two
/// queues, since an implementation may give each but one copy at a time.
///
/// @opencl clEnqueueWriteBuffer, clEnqueueReadBuffer, clEnqueueFillBuffer, clEnqueueCopyBuffer
final class DirectCopy {
    /// Pages in flight that are worth a second queue: 512 KiB.
    private static final int SPREAD_PAGES = 128;

    private final ClQueue[] queues;
    private final PageBuffers buffers;
    private final MemorySegment ram;

    /// @param queues two, which stay the caller's
    DirectCopy(ClQueue[] queues, PageBuffers buffers, MemorySegment ram) {
        this.queues = queues;
        this.buffers = buffers;
        this.ram = ram;
    }

    /// Enqueues the straight pieces of a flight.
    @SuppressWarnings("ReferenceEquality") // a queue is known by identity
    void start(CopyFlight flight) {
        CopyPieces pieces = flight.straight;
        boolean spreads = pieces.pageCount() >= SPREAD_PAGES && pieces.count() > 1;
        ClQueue first = flight.queue();
        ClQueue second = first == queues[0] ? queues[1] : queues[0];
        long onFirst = 0;
        long onSecond = 0;
        for (int piece = 0; piece < pieces.count(); piece++) {
            boolean isSecond = spreads && onSecond < onFirst;
            enqueue(flight, isSecond ? second : first, piece);
            if (isSecond) {
                onSecond += pieces.length(piece);
            } else {
                onFirst += pieces.length(piece);
            }
        }
        flight.commands += pieces.count();
        flight.add(first.marker());
        first.flush();
        if (spreads) {
            flight.add(second.marker());
            second.flush();
        }
    }

    private void enqueue(CopyFlight flight, ClQueue queue, int piece) {
        CopyPieces pieces = flight.straight;
        long from = pieces.source(piece);
        long to = pieces.destination(piece);
        long size = CopyEngine.bytes(pieces.length(piece));
        if (pieces.isZero(piece)) {
            queue.enqueueFill(buffers.buffer(to), buffers.offset(to), size, 0, Long.BYTES);
            return;
        }
        switch (flight.direction) {
            case TO_DEVICE ->
                    queue.enqueueWrite(
                            buffers.buffer(to),
                            buffers.offset(to),
                            ram,
                            HostMemory.offset(from),
                            size);
            case TO_SYSTEM ->
                    queue.enqueueRead(
                            buffers.buffer(from),
                            buffers.offset(from),
                            ram,
                            HostMemory.offset(to),
                            size);
            case WITHIN_DEVICE ->
                    queue.enqueueCopy(
                            buffers.buffer(from),
                            buffers.offset(from),
                            buffers.buffer(to),
                            buffers.offset(to),
                            size);
        }
    }

    /// Copies pages that lie in a row on both sides, and returns when they are copied: one command,
    /// with nothing around it where the host itself takes part.
    ///
    /// @throws farpage.opencl.ClException if that fails
    void copy(CopyDirection direction, long from, long to, int length, boolean isZero) {
        long size = CopyEngine.bytes(length);
        ClQueue queue = queues[0];
        if (isZero) {
            queue.enqueueFill(buffers.buffer(to), buffers.offset(to), size, 0, Long.BYTES);
            queue.finish();
            return;
        }
        switch (direction) {
            case TO_DEVICE ->
                    queue.writeBlocking(
                            buffers.buffer(to),
                            buffers.offset(to),
                            ram.asSlice(HostMemory.offset(from), size));
            case TO_SYSTEM ->
                    queue.readBlocking(
                            buffers.buffer(from),
                            buffers.offset(from),
                            ram.asSlice(HostMemory.offset(to), size));
            case WITHIN_DEVICE -> {
                queue.enqueueCopy(
                        buffers.buffer(from),
                        buffers.offset(from),
                        buffers.buffer(to),
                        buffers.offset(to),
                        size);
                queue.finish();
            }
        }
    }
}
