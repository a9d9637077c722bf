package farpage.opencl;

/// A program that was built for all devices of its context.
///
/// @opencl cl_program
public interface ClProgram extends AutoCloseable {
    /// The name that it was built under, for messages.
    String name();

    /// What the compiler said about a successful build, warnings perhaps; often empty.
    String buildLog(ClDevice device);

    /// A new kernel object for one of the program's functions.
    ///
    /// @throws ClException CL_INVALID_KERNEL_NAME when there is none of that name
    ClKernel createKernel(String function);

    /// Whether [#close] was called.
    boolean isClosed();

    /// Gives it back; its kernels stay usable.
    @Override
    void close();
}
