package farpage.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import farpage.opencl.ClBinding;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClError;
import farpage.opencl.ClException;
import farpage.opencl.ClQueue;
import farpage.opencl.ClQueueProperty;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.function.Executable;

/// A device, a context and an in-order queue of the binding under test; after each test nothing but
/// the queue may be left open.
abstract class ClContract {
    @RegisterExtension final BindingUnderTest.Around around = new BindingUnderTest.Around();

    static final int PAGE = 4096;

    private final List<AutoCloseable> resources = new ArrayList<>();

    ClBinding binding;
    ClDevice device;
    ClContext context;
    ClQueue queue;
    Arena arena;

    /// The binding under test.
    ClBinding open() {
        return around.open();
    }

    @BeforeEach
    final void openContext() {
        binding = open();
        assertFalse(binding.devices().isEmpty(), "no OpenCL device");
        device = binding.devices().getFirst();
        context = binding.createContext(device);
        queue = context.createQueue(device);
        arena = Arena.ofShared();
    }

    @AfterEach
    final void everythingIsGivenBack() throws Exception {
        queue.finish();
        for (AutoCloseable resource : resources.reversed()) {
            resource.close();
        }
        List<String> open = context.openObjects();
        queue.close();
        context.close();
        binding.close();
        arena.close();
        assertEquals(1, open.size(), () -> "only the queue was to be open: " + open);
    }

    /// Closes something after the test.
    final <T extends AutoCloseable> T use(T resource) {
        resources.add(resource);
        return resource;
    }

    final ClBuffer buffer(long size) {
        return use(context.createBuffer(size));
    }

    final ClQueue newQueue(ClQueueProperty... properties) {
        return use(context.createQueue(device, properties));
    }

    /// Host memory whose bytes follow from a seed.
    final MemorySegment pattern(long size, int seed) {
        MemorySegment memory = arena.allocate(size, 64);
        for (long i = 0; i < size; i++) {
            memory.set(ValueLayout.JAVA_BYTE, i, patternByte(i, seed));
        }
        return memory;
    }

    static byte patternByte(long i, int seed) {
        return (byte) (((i + seed) * 0x9E3779B97F4A7C15L) >>> 56);
    }

    final MemorySegment contents(ClBuffer buffer) {
        MemorySegment memory = arena.allocate(buffer.size(), 64);
        queue.readBlocking(buffer, 0, memory);
        return memory;
    }

    static void assertBytes(MemorySegment expected, MemorySegment actual) {
        assertEquals(expected.byteSize(), actual.byteSize());
        assertEquals(-1, expected.mismatch(actual), "first byte that differs");
    }

    static ClException assertFails(ClError expected, Executable call) {
        ClException e = assertThrows(ClException.class, call);
        assertEquals(expected, e.error(), e::getMessage);
        return e;
    }
}
