package farpage.mm.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.function.LongSupplier;

/// The time that all threads of this process have spent on processors, those of a driver included,
/// in nanoseconds. One thread at a time may ask.
///
/// @kernel clock_gettime(2): CLOCK_PROCESS_CPUTIME_ID
public final class ProcessCpuClock implements LongSupplier {
    private static final int CLOCK_PROCESS_CPUTIME_ID = 2;
    private static final long NANOS_IN_SECOND = 1_000_000_000;
    private static final MethodHandle CLOCK_GETTIME = clockGettime();

    /// struct timespec of a 64-bit machine.
    private final MemorySegment time = Arena.ofAuto().allocate(2 * Long.BYTES, Long.BYTES);

    /// A clock that has been running since the process began.
    public ProcessCpuClock() {}

    @Override
    public long getAsLong() {
        int result;
        try {
            result = (int) CLOCK_GETTIME.invokeExact(CLOCK_PROCESS_CPUTIME_ID, time);
        } catch (Throwable e) { // declared by MethodHandle; clock_gettime itself throws nothing
            throw new IllegalStateException("clock_gettime", e);
        }
        if (result != 0) {
            throw new IllegalStateException("clock_gettime: no clock of this process");
        }
        return time.get(ValueLayout.JAVA_LONG, 0) * NANOS_IN_SECOND
                + time.get(ValueLayout.JAVA_LONG, Long.BYTES);
    }

    @SuppressWarnings("restricted") // libc only; native access is granted to this module by name
    private static MethodHandle clockGettime() {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow("clock_gettime"),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
    }
}
