package farpage.opencl;

/// A function of a program together with its arguments.
///
/// Arguments are state that [ClQueue#launch] reads when it is called: they may be set anew right
/// after it. So one kernel object belongs to one thread at a time. The width of a number must be
/// that of the kernel's parameter, which is why the setters carry it in their names.
///
/// @opencl cl_kernel, clSetKernelArg
public interface ClKernel extends AutoCloseable {
    /// The function's name.
    String name();

    /// A `__global` or `__constant` pointer.
    void setBuffer(int index, ClBuffer buffer);

    /// An `int` or `uint`.
    void setInt(int index, int value);

    /// A `long` or `ulong`.
    void setLong(int index, long value);

    /// A `__local` pointer to that many bytes.
    void setLocal(int index, long size);

    /// The largest work-group of this kernel on a device.
    ///
    /// @opencl CL_KERNEL_WORK_GROUP_SIZE
    long maxWorkGroupSize(ClDevice device);

    /// The work-group size granularity that suits the device.
    ///
    /// @opencl CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE
    long preferredWorkGroupMultiple(ClDevice device);

    /// Whether [#close] was called.
    boolean isClosed();

    @Override
    void close();
}
