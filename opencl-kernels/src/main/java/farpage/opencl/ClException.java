package farpage.opencl;

import java.io.Serial;

/// A call to OpenCL that failed: the error's name, the call, and what it worked on.
///
/// It is unchecked because nearly every call can fail and nearly no caller can help it; each
/// operation catches it in one place and turns it into its own result.
///
/// @opencl Return codes of the API, OpenCL specification appendix B
public class ClException extends RuntimeException {
    @Serial private static final long serialVersionUID = 1L;

    private final int code;
    private final String call;
    private final String detail;

    /// @param call the OpenCL function, such as `clCreateBuffer`
    /// @param detail the device and the sizes it was about; empty when there is nothing to add
    public ClException(ClError error, String call, String detail) {
        super(call + ": " + error + (detail.isEmpty() ? "" : ": " + detail));
        this.code = error.code();
        this.call = call;
        this.detail = detail;
    }

    /// The error.
    public ClError error() {
        return ClError.of(code);
    }

    /// The OpenCL function that failed.
    public String call() {
        return call;
    }

    /// The device and the sizes it was about.
    public String detail() {
        return detail;
    }
}
