package farpage.opencl.binding;

/// The kinds of objects that are created and released, with the functions that do it.
///
/// @opencl clCreate..., clRelease...
public enum ObjectKind {
    /// cl_context.
    CONTEXT("context", "clReleaseContext"),
    /// cl_command_queue.
    QUEUE("queue", "clReleaseCommandQueue"),
    /// cl_mem.
    BUFFER("buffer", "clReleaseMemObject"),
    /// An allocation of shared virtual memory.
    SHARED_MEMORY("shared memory", "clSVMFree"),
    /// cl_program.
    PROGRAM("program", "clReleaseProgram"),
    /// cl_kernel.
    KERNEL("kernel", "clReleaseKernel"),
    /// cl_event.
    EVENT("event", "clReleaseEvent");

    private final String word;
    private final String releaseCall;

    ObjectKind(String word, String releaseCall) {
        this.word = word;
        this.releaseCall = releaseCall;
    }

    /// The word for it in messages.
    public String word() {
        return word;
    }

    /// The OpenCL function that releases it.
    public String releaseCall() {
        return releaseCall;
    }
}
