package farpage.opencl.binding;

import farpage.opencl.ClEvent;
import farpage.opencl.ClMapping;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/// A mapped part of a buffer. Its event is what the list of open objects shows while it is mapped.
///
/// @opencl clEnqueueMapBuffer
final class NativeMapping implements ClMapping {
    private final NativeBuffer buffer;
    private final long offset;
    private final MemorySegment memory;
    private final NativeEvent ready;
    private final AtomicBoolean unmapped = new AtomicBoolean();

    NativeMapping(NativeBuffer buffer, long offset, MemorySegment memory, NativeEvent ready) {
        this.buffer = buffer;
        this.offset = offset;
        this.memory = memory;
        this.ready = ready;
    }

    @Override
    public NativeBuffer buffer() {
        return buffer;
    }

    @Override
    public long offset() {
        return offset;
    }

    @Override
    public MemorySegment memory() {
        if (unmapped.get()) {
            throw new IllegalStateException("unmapped: " + this);
        }
        return memory;
    }

    @Override
    public ClEvent ready() {
        return ready;
    }

    /// Ends it, after the command that unmaps it was enqueued.
    void end() {
        boolean first = unmapped.compareAndSet(false, true);
        assert first : this;
        ready.close();
    }

    @Override
    public String toString() {
        return "mapping of " + buffer + " from " + offset;
    }
}
