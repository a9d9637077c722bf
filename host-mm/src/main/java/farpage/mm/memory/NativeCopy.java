package farpage.mm.memory;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// The C library's own `memcpy`, called as it is: what copies are compared with where a device
/// shares the host's memory. Leaving Java and coming back costs some nanoseconds a call.
///
/// @kernel memcpy(3)
public final class NativeCopy {
    private static final MethodHandle MEMCPY = memcpy();

    private NativeCopy() {}

    /// Copies, and checks nothing but its arguments. Both sides lie off the Java heap and do not
    /// overlap.
    public static void copy(
            MemorySegment from, long fromOffset, MemorySegment to, long toOffset, long size) {
        assert from.isNative() : from;
        assert to.isNative() : to;
        assert fromOffset >= 0 && size <= from.byteSize() - fromOffset : fromOffset;
        assert toOffset >= 0 && size <= to.byteSize() - toOffset : toOffset;
        try {
            long _ =
                    (long)
                            MEMCPY.invokeExact(
                                    to.address() + toOffset, from.address() + fromOffset, size);
        } catch (Throwable e) { // declared by MethodHandle; memcpy itself throws nothing
            throw new IllegalStateException("memcpy", e);
        }
    }

    @SuppressWarnings("restricted") // libc only; native access is granted to this module by name
    private static MethodHandle memcpy() {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow("memcpy"),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG));
    }
}
