package farpage.opencl.inject;

/// The calls that faults can be planned for. The forms of a call with an event, without one and
/// blocking are one kind.
///
/// @opencl The functions in the comments
public enum CallKind {
    /// clCreateBuffer.
    CREATE_BUFFER("clCreateBuffer"),
    /// clCreateCommandQueue.
    CREATE_QUEUE("clCreateCommandQueue"),
    /// clBuildProgram.
    BUILD("clBuildProgram"),
    /// clEnqueueWriteBuffer.
    WRITE("clEnqueueWriteBuffer"),
    /// clEnqueueReadBuffer.
    READ("clEnqueueReadBuffer"),
    /// clEnqueueCopyBuffer.
    COPY("clEnqueueCopyBuffer"),
    /// clEnqueueFillBuffer.
    FILL("clEnqueueFillBuffer"),
    /// clEnqueueNDRangeKernel.
    LAUNCH("clEnqueueNDRangeKernel"),
    /// clEnqueueMapBuffer.
    MAP("clEnqueueMapBuffer"),
    /// Markers, also those that stand for the end of a batch.
    MARKER("clEnqueueMarkerWithWaitList"),
    /// clFinish.
    FINISH("clFinish");

    private final String call;

    CallKind(String call) {
        this.call = call;
    }

    /// The OpenCL function.
    public String call() {
        return call;
    }

    /// Whether it moves bytes from one place to another.
    public boolean isTransfer() {
        return this == WRITE || this == READ || this == COPY;
    }
}
