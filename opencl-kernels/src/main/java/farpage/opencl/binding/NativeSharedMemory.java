package farpage.opencl.binding;

import farpage.opencl.ClSharedMemory;
import java.lang.foreign.MemorySegment;

/// An allocation of shared virtual memory and the buffer over it.
///
/// @opencl clSVMAlloc, clSVMFree
final class NativeSharedMemory extends NativeObject implements ClSharedMemory {
    private final NativeContext context;
    private final NativeBuffer buffer;
    private final MemorySegment memory;
    private final NativeHandle allocation;

    /// Takes the buffer over.
    NativeSharedMemory(
            NativeContext context,
            NativeHandle allocation,
            MemorySegment memory,
            NativeBuffer buffer) {
        super(context.cl(), ObjectKind.SHARED_MEMORY, allocation, context.children());
        this.context = context;
        this.allocation = allocation;
        this.memory = memory;
        this.buffer = buffer;
    }

    @Override
    public NativeBuffer buffer() {
        return buffer;
    }

    @Override
    public MemorySegment memory() {
        if (isClosed()) {
            throw new IllegalStateException("closed: " + this);
        }
        return memory;
    }

    /// The buffer first: it stands for the same memory.
    @Override
    public void close() {
        if (markClosed()) {
            buffer.close();
            siblings().remove(this);
            cl().freeSvm(context.handle(), allocation);
        }
    }

    @Override
    String detail() {
        return memory.byteSize() + " bytes";
    }
}
