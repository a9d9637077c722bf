package farpage.mm.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Anonymous memory of this process, reserved with `mmap`, aligned to 2 MiB and open to huge pages.
/// Reserving touches nothing: a frame costs memory of the host from its first use on. Alignment and
/// huge pages are what lets a device that shares the host's memory use it in place.
///
/// @kernel mmap(2), madvise(2): MADV_HUGEPAGE, MADV_DONTNEED
public final class NativeRegion implements AutoCloseable {
    private static final long ALIGNMENT = 2L << 20;
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x4022;
    private static final int MADV_DONTNEED = 4;
    private static final int MADV_HUGEPAGE = 14;

    private static final MethodHandle MMAP;
    private static final MethodHandle MADVISE;
    private static final MethodHandle MUNMAP;

    static {
        FunctionDescriptor mmap =
                FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG);
        MMAP = downcall("mmap", mmap);
        MADVISE =
                downcall(
                        "madvise",
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_INT));
        MUNMAP =
                downcall(
                        "munmap",
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG));
    }

    private final Arena arena = Arena.ofShared();
    private final long mapping;
    private final long mappingSize;
    private final MemorySegment segment;

    /// Reserves it.
    ///
    /// @throws OutOfMemoryError if the system refuses
    public NativeRegion(long size) {
        mappingSize = size + ALIGNMENT;
        mapping = mmap(mappingSize);
        long start = (mapping + ALIGNMENT - 1) & -ALIGNMENT;
        advise(start, size, MADV_HUGEPAGE);
        segment = asSegment(start, size, arena);
    }

    /// All of it. Its bytes are zeros until they are written.
    public MemorySegment segment() {
        return segment;
    }

    /// Gives the memory behind a part back to the host. The part stays reserved; what it holds is
    /// undefined.
    public void discard(long offset, long size) {
        MemorySegment part = segment.asSlice(offset, size);
        advise(part.address(), size, MADV_DONTNEED);
    }

    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
            int _ = invokeMunmap(mapping, mappingSize);
        }
    }

    private static long mmap(long size) {
        long address;
        try {
            address =
                    (long)
                            MMAP.invokeExact(
                                    0L,
                                    size,
                                    PROT_READ_WRITE,
                                    MAP_PRIVATE_ANONYMOUS_NORESERVE,
                                    -1,
                                    0L);
        } catch (Throwable e) { // declared by MethodHandle; mmap itself throws nothing
            throw new IllegalStateException("mmap", e);
        }
        if (address == -1) {
            throw new OutOfMemoryError(
                    "host memory: the system refused to reserve "
                            + (size >> 20)
                            + " MiB; choose a smaller --memory or raise the limit (ulimit -v)");
        }
        return address;
    }

    /// A hint: without huge pages everything works, only slower, and memory that was not given back
    /// is given back later; so a refusal is no error.
    private static void advise(long address, long size, int advice) {
        try {
            int _ = (int) MADVISE.invokeExact(address, size, advice);
        } catch (Throwable e) { // declared by MethodHandle; madvise itself throws nothing
            throw new IllegalStateException("madvise", e);
        }
    }

    private static int invokeMunmap(long address, long size) {
        try {
            return (int) MUNMAP.invokeExact(address, size);
        } catch (Throwable e) { // declared by MethodHandle; munmap itself throws nothing
            throw new IllegalStateException("munmap", e);
        }
    }

    @SuppressWarnings("restricted") // the one place that turns a mapped address into a segment
    private static MemorySegment asSegment(long address, long size, Arena arena) {
        return MemorySegment.ofAddress(address).reinterpret(size, arena, null);
    }

    @SuppressWarnings("restricted") // libc only; native access is granted to this module by name
    private static MethodHandle downcall(String name, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor);
    }
}
