package farpage.opencl.binding;

import farpage.opencl.ClError;
import farpage.opencl.ClEvent;
import farpage.opencl.ClEventStatus;
import farpage.opencl.ClException;
import farpage.opencl.ClProfilingTimes;

/// The event of a command.
///
/// @opencl cl_event
class NativeEvent extends NativeObject implements ClEvent {
    private final String command;

    /// @param command the OpenCL function that enqueued it
    NativeEvent(NativeContext context, NativeHandle handle, String command) {
        super(context.cl(), ObjectKind.EVENT, handle, context.children());
        this.command = command;
    }

    @Override
    public final void await() {
        int status = cl().awaitEvent(handle());
        if (status == 0) {
            return;
        }
        // A failed wait says only that an event failed; the event itself knows why.
        int execution = cl().executionStatus(handle(), new int[1]);
        throw new ClException(ClError.of(execution < 0 ? execution : status), command, toString());
    }

    @Override
    public final ClEventStatus status() {
        int[] status = new int[1];
        int execution = cl().executionStatus(handle(), status);
        check(status[0], "clGetEventInfo");
        return ClEventStatus.ofCode(execution);
    }

    @Override
    public final ClProfilingTimes profilingTimes() {
        long[] times = new long[4];
        check(cl().profilingTimes(handle(), times), "clGetEventProfilingInfo");
        return new ClProfilingTimes(times[0], times[1], times[2], times[3]);
    }

    @Override
    final String detail() {
        return command;
    }
}
