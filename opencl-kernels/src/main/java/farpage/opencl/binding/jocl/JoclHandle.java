package farpage.opencl.binding.jocl;

import farpage.opencl.binding.NativeHandle;
import org.jocl.NativePointerObject;
import org.jocl.Pointer;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.jocl.cl_device_id;
import org.jocl.cl_event;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;
import org.jocl.cl_platform_id;
import org.jocl.cl_program;
import org.jspecify.annotations.Nullable;

/// A handle as JOCL has it: an object of a class for each type.
///
/// @opencl The handle types of cl.h
final class JoclHandle extends NativeHandle {
    private final @Nullable NativePointerObject object;

    /// @param object null where a call returned none, together with an error
    JoclHandle(@Nullable NativePointerObject object) {
        this.object = object;
    }

    private static NativePointerObject object(NativeHandle handle) {
        NativePointerObject object = ((JoclHandle) handle).object;
        if (object == null) {
            throw new AssertionError("a handle from a failed call");
        }
        return object;
    }

    static cl_platform_id platform(NativeHandle handle) {
        return (cl_platform_id) object(handle);
    }

    static cl_device_id device(NativeHandle handle) {
        return (cl_device_id) object(handle);
    }

    static cl_device_id[] devices(NativeHandle[] handles) {
        cl_device_id[] devices = new cl_device_id[handles.length];
        for (int i = 0; i < handles.length; i++) {
            devices[i] = device(handles[i]);
        }
        return devices;
    }

    static cl_context context(NativeHandle handle) {
        return (cl_context) object(handle);
    }

    static cl_command_queue queue(NativeHandle handle) {
        return (cl_command_queue) object(handle);
    }

    static cl_mem buffer(NativeHandle handle) {
        return (cl_mem) object(handle);
    }

    static Pointer memory(NativeHandle handle) {
        return (Pointer) object(handle);
    }

    static cl_program program(NativeHandle handle) {
        return (cl_program) object(handle);
    }

    static cl_kernel kernel(NativeHandle handle) {
        return (cl_kernel) object(handle);
    }

    static cl_event event(NativeHandle handle) {
        return (cl_event) object(handle);
    }

    /// A wait list; JOCL wants null for an empty one.
    static cl_event @Nullable [] events(NativeHandle[] handles) {
        if (handles.length == 0) {
            return null;
        }
        cl_event[] events = new cl_event[handles.length];
        for (int i = 0; i < handles.length; i++) {
            events[i] = event(handles[i]);
        }
        return events;
    }
}
