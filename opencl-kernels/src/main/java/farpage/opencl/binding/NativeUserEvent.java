package farpage.opencl.binding;

import farpage.opencl.ClError;
import farpage.opencl.ClUserEvent;

/// An event that the host completes.
///
/// @opencl clCreateUserEvent
final class NativeUserEvent extends NativeEvent implements ClUserEvent {
    NativeUserEvent(NativeContext context, NativeHandle handle) {
        super(context, handle, "clCreateUserEvent");
    }

    @Override
    public void complete() {
        check(cl().setUserEventStatus(handle(), 0), "clSetUserEventStatus");
    }

    @Override
    public void fail(ClError error) {
        if (error.code() >= 0) {
            throw new IllegalArgumentException("fail: error=" + error + ", limit=a negative code");
        }
        check(cl().setUserEventStatus(handle(), error.code()), "clSetUserEventStatus");
    }
}
