package farpage.opencl.binding;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClEvent;
import java.lang.foreign.MemorySegment;

/// The checks of arguments that the driver would answer differently, or with a crash.
///
/// @opencl CL_INVALID_VALUE and the crashes that the specification leaves open
final class Arguments {
    private Arguments() {}

    /// That [offset, offset + size) lies within `limit` bytes and is not empty.
    static void range(String what, long offset, long size, long limit) {
        if (size <= 0) {
            throw new IllegalArgumentException(what + ": size=" + size + ", limit=1");
        }
        if (offset < 0 || offset > limit - size) {
            throw new IllegalArgumentException(
                    what + ": offset=" + offset + " size=" + size + ", limit=" + limit);
        }
    }

    /// That host memory has an address that stays.
    static void offHeap(MemorySegment segment) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException("host memory: segment=on the Java heap, limit=off");
        }
        if (!segment.scope().isAlive()) {
            throw new IllegalStateException("closed: host memory");
        }
    }

    /// A buffer of ours, open, of this context.
    static NativeBuffer buffer(NativeContext context, ClBuffer buffer) {
        if (!(buffer instanceof NativeBuffer ours) || ours.siblings() != context.children()) {
            throw foreign("buffer", buffer, context);
        }
        return ours;
    }

    /// The handles of a wait list.
    static NativeHandle[] waitList(NativeContext context, ClEvent[] events) {
        if (events.length == 0) {
            return NativeHandle.NONE;
        }
        NativeHandle[] handles = new NativeHandle[events.length];
        for (int i = 0; i < events.length; i++) {
            if (!(events[i] instanceof NativeEvent ours) || ours.siblings() != context.children()) {
                throw foreign("event", events[i], context);
            }
            handles[i] = ours.handle();
        }
        return handles;
    }

    static IllegalArgumentException foreign(String what, Object object, NativeContext context) {
        return new IllegalArgumentException(
                what + ": object=" + object + ", limit=one of " + context);
    }
}
