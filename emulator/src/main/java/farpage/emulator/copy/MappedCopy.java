package farpage.emulator.copy;

import farpage.mm.PageSize;
import farpage.mm.memory.HostMemory;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClMapMode;
import farpage.opencl.ClMapping;
import farpage.opencl.ClQueue;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// The way of a device whose memory the host may reach by mapping it, nothing being moved for that:
/// the host copies, page by page, in the thread that starts the batch.
///
/// The part of a buffer that a batch touches is mapped whole. Others may use other pages of it
/// meanwhile; since a mapping is that memory itself, they are not disturbed.
///
/// @opencl clEnqueueMapBuffer, clEnqueueUnmapMemObject
final class MappedCopy implements CopyStrategy {
    /// The most bytes that one mapping covers, so that every binding can name them.
    private static final long MAP_MAX = 1L << 30;

    private final PageBuffers buffers;
    private final MemorySegment ram;

    MappedCopy(PageBuffers buffers, MemorySegment ram) {
        this.buffers = buffers;
        this.ram = ram;
    }

    @Override
    public void start(CopyFlight flight) {
        CopyPieces pieces = flight.scattered;
        boolean[] done = new boolean[pieces.count()];
        for (int first = 0; first < pieces.count(); first++) {
            if (!done[first]) {
                copyLike(flight, first, done);
            }
        }
        flight.queue().flush();
    }

    /// Copies all pieces that lie in the same buffer as one of them, no further from it than one
    /// mapping reaches.
    @SuppressWarnings("ReferenceEquality") // a buffer is known by identity
    private void copyLike(CopyFlight flight, int first, boolean[] done) {
        CopyPieces pieces = flight.scattered;
        ClBuffer heap = buffers.buffer(flight.devicePage(first));
        long base = buffers.offset(flight.devicePage(first)) / MAP_MAX * MAP_MAX;
        int[] chosen = new int[pieces.count()];
        int count = 0;
        long low = Long.MAX_VALUE;
        long high = 0;
        for (int piece = first; piece < pieces.count(); piece++) {
            long page = flight.devicePage(piece);
            long offset = buffers.offset(page);
            long end = offset + CopyEngine.bytes(pieces.length(piece));
            if (done[piece] || buffers.buffer(page) != heap || offset < base) {
                continue;
            }
            if (piece == first || end <= base + MAP_MAX) {
                done[piece] = true;
                chosen[count++] = piece;
                low = Math.min(low, offset);
                high = Math.max(high, end);
            }
        }
        copyMapped(flight, heap, low, high, Arrays.copyOf(chosen, count));
    }

    private void copyMapped(CopyFlight flight, ClBuffer heap, long low, long high, int[] chosen) {
        ClQueue queue = flight.queue();
        ClMapMode mode = flight.isToDevice() ? ClMapMode.READ_WRITE : ClMapMode.READ;
        ClMapping mapping = queue.map(heap, mode, low, high - low);
        try {
            mapping.ready().await();
            for (int piece : chosen) {
                copy(flight, piece, mapping.memory(), low);
            }
        } finally {
            flight.add(queue.unmap(mapping));
        }
        flight.commands += 2;
    }

    private void copy(CopyFlight flight, int piece, MemorySegment mapped, long low) {
        CopyPieces pieces = flight.scattered;
        long size = CopyEngine.bytes(pieces.length(piece));
        long at = buffers.offset(flight.devicePage(piece)) - low;
        if (pieces.isZero(piece)) {
            mapped.asSlice(at, size).fill((byte) 0);
            return;
        }
        for (long done = 0; done < size; done += PageSize.PAGE_SIZE) {
            if (flight.isToDevice()) {
                long from = HostMemory.offset(pieces.source(piece)) + done;
                MemorySegment.copy(ram, from, mapped, at + done, PageSize.PAGE_SIZE);
            } else {
                long to = HostMemory.offset(pieces.destination(piece)) + done;
                MemorySegment.copy(mapped, at + done, ram, to, PageSize.PAGE_SIZE);
            }
        }
    }

    @Override
    public void finish(CopyFlight flight) {
        // The unmapping was waited for, and nothing was kept.
    }

    @Override
    public void close() {
        // It has nothing of its own.
    }
}
