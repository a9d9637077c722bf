package farpage.opencl.binding;

import farpage.opencl.ClDevice;
import farpage.opencl.ClKernel;
import farpage.opencl.ClProgram;

/// A program that was built.
///
/// @opencl cl_program
final class NativeProgram extends NativeObject implements ClProgram {
    private final NativeContext context;
    private final String name;

    NativeProgram(NativeContext context, NativeHandle handle, String name) {
        super(context.cl(), ObjectKind.PROGRAM, handle, context.children());
        this.context = context;
        this.name = name;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String buildLog(ClDevice device) {
        return cl().buildLog(handle(), context.device(device).handle()).strip();
    }

    @Override
    public ClKernel createKernel(String function) {
        int[] status = new int[1];
        NativeHandle kernel = cl().createKernel(handle(), function, status);
        NativeContext.check(status, "clCreateKernel", function + " of " + this);
        return context.track(new NativeKernel(context, kernel, function));
    }

    @Override
    String detail() {
        return name;
    }
}
