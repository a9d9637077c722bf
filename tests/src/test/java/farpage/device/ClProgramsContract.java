package farpage.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClBuildException;
import farpage.opencl.ClContext;
import farpage.opencl.ClError;
import farpage.opencl.ClEvent;
import farpage.opencl.ClKernel;
import farpage.opencl.ClProgram;
import farpage.opencl.ClQueueProperty;
import farpage.opencl.WorkSize;
import farpage.opencl.kernel.KernelSource;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Programs and kernels, on `zero_pages`, whose arguments are heap, list, first, count and shift.
abstract class ClProgramsContract extends ClContract {
    private ClKernel zeroPages() {
        ClProgram program = use(KernelSource.of("zero_pages").build(context, ""));
        return use(program.createKernel("zero_pages"));
    }

    private ClBuffer listOf(int... pages) {
        MemorySegment list = arena.allocateFrom(ValueLayout.JAVA_INT, pages);
        ClBuffer buffer = buffer(list.byteSize());
        queue.writeBlocking(buffer, 0, list);
        return buffer;
    }

    private static void arguments(ClKernel kernel, ClBuffer heap, ClBuffer list, int count) {
        kernel.setBuffer(0, heap);
        kernel.setBuffer(1, list);
        kernel.setInt(2, 0);
        kernel.setInt(3, count);
        kernel.setInt(4, 12);
    }

    @Test
    void kernelRunsWithItsArguments() {
        ClKernel kernel = zeroPages();
        ClBuffer heap = buffer(4 * PAGE);
        MemorySegment expected = pattern(4 * PAGE, 1);
        queue.writeBlocking(heap, 0, expected);
        arguments(kernel, heap, listOf(1, 3), 2);
        try (ClEvent launched = queue.launch(kernel, WorkSize.perItem(2))) {
            launched.await();
        }
        expected.asSlice(PAGE, PAGE).fill((byte) 0);
        expected.asSlice(3 * PAGE, PAGE).fill((byte) 0);
        assertBytes(expected, contents(heap));
    }

    @Test
    void argumentsMayChangeRightAfterALaunch() {
        ClKernel kernel = zeroPages();
        ClBuffer first = buffer(PAGE);
        ClBuffer second = buffer(PAGE);
        ClBuffer list = listOf(0);
        queue.enqueueFill(first, 0, PAGE, 1, 1);
        queue.enqueueFill(second, 0, PAGE, 1, 1);
        arguments(kernel, first, list, 1);
        queue.enqueueLaunch(kernel, WorkSize.perItem(1));
        kernel.setBuffer(0, second);
        queue.enqueueLaunch(kernel, WorkSize.perItem(1));
        queue.finish();
        assertEquals(0, contents(first).get(ValueLayout.JAVA_BYTE, 9));
        assertEquals(0, contents(second).get(ValueLayout.JAVA_BYTE, 9));
    }

    @Test
    void moreWorkItemsThanPagesDoNoHarm() {
        ClKernel kernel = zeroPages();
        ClBuffer heap = buffer(2 * PAGE);
        queue.enqueueFill(heap, 0, 2 * PAGE, 1, 1);
        arguments(kernel, heap, listOf(0), 1);
        queue.enqueueLaunch(kernel, new WorkSize(64, 0));
        MemorySegment memory = contents(heap);
        assertEquals(0, memory.get(ValueLayout.JAVA_BYTE, PAGE - 1));
        assertEquals(1, memory.get(ValueLayout.JAVA_BYTE, PAGE));
    }

    @Test
    void programWithAnErrorTellsWhatAndWhere() {
        String source = "__kernel void broken(__global int *p)\n{\n#error farpage says no\n}\n";
        ClBuildException e =
                assertThrows(
                        ClBuildException.class,
                        () -> context.buildProgram("broken.cl", source, "").close());
        assertEquals(ClError.BUILD_PROGRAM_FAILURE, e.error());
        assertEquals("broken.cl", e.program());
        assertEquals(device.info().name(), e.device());
        assertTrue(e.log().contains("farpage says no"), e::log);
        assertTrue(e.toString().contains("broken.cl"), e::toString);
        assertTrue(e.toString().contains("farpage says no"), e::toString);
    }

    @Test
    void goodBuildHasALogToo() {
        try (ClProgram program = KernelSource.of("gather_pages").build(context, "")) {
            assertEquals("gather_pages.cl", program.name());
            assertFalse(program.buildLog(device).contains("error"));
        }
    }

    @Test
    void unknownKernelNameIsRefused() {
        try (ClProgram program = KernelSource.of("zero_pages").build(context, "")) {
            assertFails(ClError.INVALID_KERNEL_NAME, () -> program.createKernel("no_such").close());
        }
    }

    @Test
    void argumentsAreCheckedByIndexAndSize() {
        ClKernel kernel = zeroPages();
        assertFails(ClError.INVALID_ARG_INDEX, () -> kernel.setInt(17, 0));
        assertFails(ClError.INVALID_ARG_SIZE, () -> kernel.setInt(0, 0));
    }

    @Test
    void launchWithoutAllArgumentsIsRefused() {
        ClKernel kernel = zeroPages();
        kernel.setInt(2, 0);
        assertFails(
                ClError.INVALID_KERNEL_ARGS,
                () -> queue.enqueueLaunch(kernel, WorkSize.perItem(1)));
    }

    @Test
    void workGroupLargerThanTheDeviceAllowsIsRefused() {
        ClKernel kernel = zeroPages();
        arguments(kernel, buffer(PAGE), listOf(0), 1);
        long large = 2 * device.info().maxWorkGroupSize();
        assertFails(
                ClError.INVALID_WORK_GROUP_SIZE,
                () -> queue.enqueueLaunch(kernel, new WorkSize(large, large)));
    }

    @Test
    void kernelTellsItsWorkGroupLimits() {
        ClKernel kernel = zeroPages();
        long max = kernel.maxWorkGroupSize(device);
        assertTrue(max >= 1);
        assertTrue(max <= device.info().maxWorkGroupSize());
        assertTrue(kernel.preferredWorkGroupMultiple(device) >= 1);
        assertEquals("zero_pages", kernel.name());
    }

    @Test
    void kernelOutlivesItsProgram() {
        ClProgram program = KernelSource.of("zero_pages").build(context, "");
        ClKernel kernel = use(program.createKernel("zero_pages"));
        program.close();
        ClBuffer heap = buffer(PAGE);
        arguments(kernel, heap, listOf(0), 1);
        queue.enqueueLaunch(kernel, WorkSize.perItem(1));
        assertEquals(0, contents(heap).get(ValueLayout.JAVA_BYTE, 100));
    }

    @Test
    void launchWithAClosedBufferIsOurMistake() {
        ClKernel kernel = zeroPages();
        ClBuffer heap = context.createBuffer(PAGE);
        arguments(kernel, heap, listOf(0), 1);
        heap.close();
        assertThrows(
                IllegalStateException.class,
                () -> queue.enqueueLaunch(kernel, WorkSize.perItem(1)));
    }

    @Test
    void openObjectsNamesWhatWasNotClosed() {
        ClContext other = binding.createContext(device);
        var openQueue = other.createQueue(device, ClQueueProperty.OUT_OF_ORDER);
        var program = KernelSource.of("zero_pages").build(other, "");
        var kernel = program.createKernel("zero_pages");
        var buffer = other.createBuffer(12345);
        var event = openQueue.fill(buffer, 0, 8, 0, 8);
        other.close();
        List<String> open = other.openObjects();
        assertEquals(5, open.size(), open::toString);
        assertTrue(open.get(0).startsWith("queue"), open::toString);
        assertTrue(open.get(1).contains("zero_pages.cl"), open::toString);
        assertTrue(open.get(2).startsWith("kernel"), open::toString);
        assertTrue(open.get(3).contains("12345 bytes"), open::toString);
        assertTrue(open.get(4).contains("clEnqueueFillBuffer"), open::toString);
        event.await();
        for (AutoCloseable object : List.of(event, buffer, kernel, program, openQueue)) {
            assertThrowsNothing(object);
            assertThrowsNothing(object);
        }
        assertEquals(List.of(), other.openObjects());
    }

    private static void assertThrowsNothing(AutoCloseable object) {
        org.junit.jupiter.api.Assertions.assertDoesNotThrow(object::close);
    }

    @Test
    void closedObjectsAreOfNoUse() {
        Class<IllegalStateException> closed = IllegalStateException.class;
        MemorySegment memory = arena.allocate(8);
        ClBuffer open = buffer(PAGE);
        ClBuffer buffer = context.createBuffer(PAGE);
        buffer.close();
        assertTrue(buffer.isClosed());
        assertThrows(closed, () -> queue.writeBlocking(buffer, 0, memory));
        assertThrows(closed, () -> queue.enqueueCopy(open, 0, buffer, 0, 8));
        assertThrows(closed, () -> buffer.subBuffer(0, 8).close());
        ClEvent event = queue.fill(open, 0, 8, 0, 8);
        event.close();
        assertThrows(closed, event::await);
        assertThrows(closed, () -> queue.marker(event).close());
        ClKernel kernel = zeroPages();
        kernel.close();
        assertThrows(closed, () -> kernel.setInt(2, 0));
        assertThrows(closed, () -> queue.enqueueLaunch(kernel, WorkSize.perItem(1)));
        var other = context.createQueue(device);
        other.close();
        assertThrows(closed, other::finish);
        assertThrows(closed, () -> other.enqueueFill(open, 0, 8, 0, 8));
        ClContext gone = binding.createContext(device);
        gone.close();
        assertThrows(closed, () -> gone.createBuffer(8).close());
        assertThrows(closed, () -> gone.createQueue(device).close());
    }

    @Test
    void objectsOfAnotherContextAreRefused() {
        Class<IllegalArgumentException> refused = IllegalArgumentException.class;
        try (ClContext other = binding.createContext(device);
                ClBuffer foreign = other.createBuffer(PAGE);
                var otherQueue = other.createQueue(device);
                ClEvent event = otherQueue.fill(foreign, 0, 8, 0, 8)) {
            ClKernel kernel = zeroPages();
            assertThrows(refused, () -> queue.enqueueFill(foreign, 0, 8, 0, 8));
            assertThrows(refused, () -> queue.marker(event).close());
            assertThrows(refused, () -> kernel.setBuffer(0, foreign));
            assertThrows(refused, () -> otherQueue.enqueueLaunch(kernel, WorkSize.perItem(1)));
            otherQueue.finish();
        }
    }
}
