package farpage.opencl.binding;

import farpage.opencl.ClBuffer;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A buffer or sub-buffer.
///
/// It holds on to the host memory it was made over, so that memory of an automatic arena is not
/// freed under it.
///
/// @opencl cl_mem
final class NativeBuffer extends NativeObject implements ClBuffer {
    private final NativeContext context;
    private final long size;
    private final long flagBits;
    private final @Nullable MemorySegment hostMemory;

    NativeBuffer(
            NativeContext context,
            NativeHandle handle,
            long size,
            long flagBits,
            @Nullable MemorySegment hostMemory) {
        super(context.cl(), ObjectKind.BUFFER, handle, context.children());
        this.context = context;
        this.size = size;
        this.flagBits = flagBits;
        this.hostMemory = hostMemory;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public long flagBits() {
        return flagBits;
    }

    @Override
    public ClBuffer subBuffer(long origin, long size) {
        Arguments.range("subBuffer of " + this, origin, size, this.size);
        int[] status = new int[1];
        NativeHandle part = cl().createSubBuffer(handle(), origin, size, status);
        NativeContext.check(status, "clCreateSubBuffer", this + ", origin " + origin);
        return context.track(new NativeBuffer(context, part, size, flagBits, hostMemory));
    }

    @Override
    String detail() {
        return size + " bytes";
    }
}
