package farpage.opencl.binding.lwjgl;

import farpage.opencl.binding.NativeHandle;

/// A handle as LWJGL has it: the pointer.
///
/// @opencl The handle types of cl.h
final class LwjglHandle extends NativeHandle {
    private final long pointer;

    LwjglHandle(long pointer) {
        this.pointer = pointer;
    }

    static long pointer(NativeHandle handle) {
        return ((LwjglHandle) handle).pointer;
    }
}
