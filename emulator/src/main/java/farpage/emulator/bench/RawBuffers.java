package farpage.emulator.bench;

import farpage.mm.memory.HostMemory;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClMapMode;
import farpage.opencl.ClMapping;
import farpage.opencl.ClMemoryFlag;
import farpage.opencl.ClQueue;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// The two ends of a plain transfer: a buffer, and memory of the host. Both are touched.
///
/// @opencl cl_mem
final class RawBuffers implements AutoCloseable {
    private final List<Runnable> releases = new ArrayList<>();
    private final ClQueue queue;
    private final ClBuffer buffer;
    private final MemorySegment host;

    /// Makes them.
    ///
    /// @throws farpage.opencl.ClException if the driver has none of that kind
    RawBuffers(ClContext context, ClDevice device, ClQueue queue, long bytes, RawKind kind) {
        this.queue = queue;
        boolean complete = false;
        try {
            if (device.info().hostUnifiedMemory()) {
                this.host = hostMemory(bytes);
                this.buffer = buffer(context, bytes, kind);
            } else {
                this.buffer = buffer(context, bytes, RawKind.PLAIN);
                this.host =
                        kind == RawKind.PLAIN
                                ? hostMemory(bytes)
                                : mapped(buffer(context, bytes, kind));
            }
            queue.writeBlocking(buffer, 0, host);
            complete = true;
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    private MemorySegment hostMemory(long bytes) {
        HostMemory memory = new HostMemory(bytes);
        releases.add(memory::close);
        MemorySegment segment = memory.segment();
        MemcpyPattern.touch(segment);
        return segment;
    }

    private ClBuffer buffer(ClContext context, long bytes, RawKind kind) {
        ClBuffer made =
                kind == RawKind.USE_HOST_PTR
                        ? context.createBuffer(
                                hostMemory(bytes),
                                ClMemoryFlag.READ_WRITE,
                                ClMemoryFlag.USE_HOST_PTR)
                        : context.createBuffer(bytes, kind.flags());
        releases.add(made::close);
        return made;
    }

    private MemorySegment mapped(ClBuffer pinned) {
        ClMapping mapping = queue.map(pinned, ClMapMode.WRITE_INVALIDATE, 0, pinned.size());
        mapping.ready().await();
        releases.add(() -> queue.unmap(mapping).close());
        MemorySegment memory = mapping.memory();
        MemcpyPattern.touch(memory);
        return memory;
    }

    void write() {
        queue.writeBlocking(buffer, 0, host);
    }

    void read() {
        queue.readBlocking(buffer, 0, host);
    }

    ClBuffer buffer() {
        return buffer;
    }

    /// Nothing may be under way.
    @Override
    public void close() {
        queue.finish();
        for (Runnable release : releases.reversed()) {
            release.run();
        }
        releases.clear();
    }
}
