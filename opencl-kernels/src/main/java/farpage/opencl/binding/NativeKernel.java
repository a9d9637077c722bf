package farpage.opencl.binding;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClDevice;
import farpage.opencl.ClError;
import farpage.opencl.ClException;
import farpage.opencl.ClKernel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A kernel and its arguments.
///
/// @opencl cl_kernel
final class NativeKernel extends NativeObject implements ClKernel {
    private static final int WORK_GROUP_SIZE = 0x11B0;
    private static final int PREFERRED_WORK_GROUP_SIZE_MULTIPLE = 0x11B3;

    private final NativeContext context;
    private final String name;
    private @Nullable NativeBuffer[] buffers = {};

    NativeKernel(NativeContext context, NativeHandle handle, String name) {
        super(context.cl(), ObjectKind.KERNEL, handle, context.children());
        this.context = context;
        this.name = name;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void setBuffer(int index, ClBuffer buffer) {
        NativeBuffer ours = Arguments.buffer(context, buffer);
        checkArgument(cl().setArgumentBuffer(handle(), index, ours.handle()), index);
        if (index >= buffers.length) {
            buffers = Arrays.copyOf(buffers, index + 1);
        }
        buffers[index] = ours;
    }

    @Override
    public void setInt(int index, int value) {
        checkArgument(cl().setArgumentInt(handle(), index, value), index);
    }

    @Override
    public void setLong(int index, long value) {
        checkArgument(cl().setArgumentLong(handle(), index, value), index);
    }

    @Override
    public void setLocal(int index, long size) {
        checkArgument(cl().setArgumentLocal(handle(), index, size), index);
    }

    /// The handle for a launch: what the arguments name must still be open, since the driver does
    /// not keep it (clSetKernelArg retains nothing).
    NativeHandle handleForLaunch() {
        for (NativeBuffer buffer : buffers) {
            if (buffer != null && buffer.isClosed()) {
                throw new IllegalStateException("closed: " + buffer + ", argument of " + this);
            }
        }
        return handle();
    }

    @Override
    public long maxWorkGroupSize(ClDevice device) {
        return workGroupNumber(device, WORK_GROUP_SIZE);
    }

    @Override
    public long preferredWorkGroupMultiple(ClDevice device) {
        return workGroupNumber(device, PREFERRED_WORK_GROUP_SIZE_MULTIPLE);
    }

    private long workGroupNumber(ClDevice device, int parameter) {
        int[] status = new int[1];
        NativeHandle handle = context.device(device).handle();
        long number = cl().workGroupNumber(handle(), handle, parameter, status);
        check(status[0], "clGetKernelWorkGroupInfo");
        return number;
    }

    private void checkArgument(int status, int index) {
        if (status != 0) {
            throw new ClException(
                    ClError.of(status), "clSetKernelArg", "argument " + index + " of " + this);
        }
    }

    @Override
    String detail() {
        return name;
    }
}
