package farpage.opencl.binding;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClEvent;
import farpage.opencl.ClException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Writes, or reads, of one queue: the checks, and the splitting of what is too large for one call.
///
/// A split transfer's event is a marker behind all its parts. When a part cannot be enqueued, the
/// parts before it run on, as they do when the driver itself fails half-way: after an error the
/// target's content is undefined.
///
/// @opencl clEnqueueWriteBuffer, clEnqueueReadBuffer
final class HostTransfer {
    private final NativeQueue queue;
    private final boolean write;
    private final long limit;

    HostTransfer(NativeQueue queue, boolean write) {
        this.queue = queue;
        this.write = write;
        this.limit = queue.cl().hostMemoryLimit();
    }

    private String call() {
        return write ? "clEnqueueWriteBuffer" : "clEnqueueReadBuffer";
    }

    /// Checks the two ranges and returns the buffer as ours.
    NativeBuffer check(
            ClBuffer buffer, long offset, MemorySegment host, long hostOffset, long size) {
        NativeBuffer ours = Arguments.buffer(queue.context(), buffer);
        Arguments.offHeap(host);
        Arguments.range(call() + " buffer", offset, size, ours.size());
        Arguments.range(call() + " host memory", hostOffset, size, host.byteSize());
        if (!write && host.isReadOnly()) {
            throw new IllegalArgumentException(call() + ": segment=read-only, limit=writable");
        }
        return ours;
    }

    /// Without an event; split as needed. A blocking one returns when its last part has moved, and
    /// the parts before it have then too: each of them blocks.
    void run(
            NativeBuffer buffer,
            boolean blocking,
            long offset,
            MemorySegment host,
            long hostOffset,
            long size) {
        for (long done = 0; done < size; done += limit) {
            long part = Math.min(limit, size - done);
            NativeHandle[] waits = NativeHandle.NONE;
            call(buffer, blocking, offset + done, host, hostOffset + done, part, waits, null);
        }
    }

    /// The whole segment with an event.
    ClEvent withEvent(NativeBuffer buffer, long offset, MemorySegment host, NativeHandle[] waits) {
        long size = host.byteSize();
        if (size <= limit) {
            NativeHandle[] event = new NativeHandle[1];
            call(buffer, false, offset, host, 0, size, waits, event);
            return queue.event(event, call());
        }
        List<NativeEvent> parts = new ArrayList<>();
        try {
            for (long done = 0; done < size; done += limit) {
                long part = Math.min(limit, size - done);
                NativeHandle[] event = new NativeHandle[1];
                call(buffer, false, offset + done, host, done, part, waits, event);
                parts.add(queue.event(event, call()));
            }
            NativeHandle[] handles = new NativeHandle[parts.size()];
            for (int i = 0; i < handles.length; i++) {
                handles[i] = parts.get(i).handle();
            }
            return queue.marker(handles);
        } finally {
            parts.forEach(NativeEvent::close);
        }
    }

    private void call(
            NativeBuffer buffer,
            boolean blocking,
            long offset,
            MemorySegment host,
            long hostOffset,
            long size,
            NativeHandle[] waits,
            NativeHandle @Nullable [] event) {
        NativeCl cl = queue.cl();
        NativeHandle q = queue.handle();
        NativeHandle b = buffer.handle();
        int status =
                write
                        ? cl.enqueueWrite(
                                q, b, blocking, offset, host, hostOffset, size, waits, event)
                        : cl.enqueueRead(
                                q, b, blocking, offset, host, hostOffset, size, waits, event);
        if (status != 0) {
            ClException e = queue.failed(status, call(), buffer, offset, size);
            throw e;
        }
    }
}
