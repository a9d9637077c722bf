package farpage.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClError;
import farpage.opencl.ClEvent;
import farpage.opencl.ClMapMode;
import farpage.opencl.ClMapping;
import farpage.opencl.ClMemoryFlag;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

abstract class ClBuffersContract extends ClContract {
    @ParameterizedTest
    @EnumSource(names = {"READ_WRITE", "READ_ONLY", "WRITE_ONLY", "ALLOC_HOST_PTR"})
    void bufferKeepsWhatTheHostWrites(ClMemoryFlag flag) {
        ClBuffer buffer = use(context.createBuffer(3 * PAGE + 5, flag));
        MemorySegment source = pattern(buffer.size(), 1);
        queue.writeBlocking(buffer, 0, source);
        assertBytes(source, contents(buffer));
        assertEquals(flag.bit(), buffer.flagBits());
    }

    @Test
    void copyHostPointerFillsTheBufferOnce() {
        MemorySegment source = pattern(PAGE, 2);
        MemorySegment before = pattern(PAGE, 2);
        ClBuffer buffer = use(context.createBuffer(source, ClMemoryFlag.COPY_HOST_PTR));
        source.fill((byte) 0);
        assertBytes(before, contents(buffer));
    }

    @Test
    void useHostPointerStartsWithTheMemorysContents() {
        MemorySegment memory = pattern(2 * PAGE, 3);
        MemorySegment before = pattern(2 * PAGE, 3);
        ClBuffer buffer = use(context.createBuffer(memory, ClMemoryFlag.USE_HOST_PTR));
        assertBytes(before, contents(buffer));
    }

    @Test
    void useHostPointerShowsDeviceWritesThroughAMapping() {
        MemorySegment memory = arena.allocate(2 * PAGE, PAGE);
        ClBuffer buffer = use(context.createBuffer(memory, ClMemoryFlag.USE_HOST_PTR));
        queue.enqueueFill(buffer, PAGE, PAGE, 0x5A, 1);
        ClMapping mapping = queue.map(buffer, ClMapMode.READ, 0, 2 * PAGE);
        mapping.ready().await();
        assertEquals(memory.address(), mapping.memory().address(), "the host memory itself");
        assertEquals(0x5A, memory.get(ValueLayout.JAVA_BYTE, PAGE));
        queue.unmap(mapping).close();
    }

    @Test
    void hostMemoryOnTheHeapIsRefused() {
        MemorySegment heap = MemorySegment.ofArray(new byte[PAGE]);
        ClBuffer buffer = buffer(PAGE);
        assertThrows(
                IllegalArgumentException.class,
                () -> context.createBuffer(heap, ClMemoryFlag.USE_HOST_PTR).close());
        assertThrows(IllegalArgumentException.class, () -> queue.writeBlocking(buffer, 0, heap));
        assertThrows(IllegalArgumentException.class, () -> queue.readBlocking(buffer, 0, heap));
    }

    @Test
    void hostMemoryAndItsFlagsBelongTogether() {
        MemorySegment memory = arena.allocate(PAGE);
        assertThrows(
                IllegalArgumentException.class,
                () -> context.createBuffer(PAGE, ClMemoryFlag.USE_HOST_PTR).close());
        assertThrows(
                IllegalArgumentException.class,
                () -> context.createBuffer(memory, ClMemoryFlag.READ_ONLY).close());
    }

    @Test
    void contradictoryFlagsAreRefused() {
        assertFails(
                ClError.INVALID_VALUE,
                () ->
                        context.createBuffer(PAGE, ClMemoryFlag.READ_ONLY, ClMemoryFlag.WRITE_ONLY)
                                .close());
    }

    @Test
    void emptyBufferIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> context.createBuffer(0).close());
        assertThrows(IllegalArgumentException.class, () -> context.createBuffer(-1).close());
    }

    @Test
    void bufferLargerThanTheDeviceAllowsIsRefused() {
        assertFails(
                ClError.INVALID_BUFFER_SIZE,
                () -> context.createBuffer(2 * device.info().globalMemory()).close());
    }

    @Test
    void hostMayNotReadWhatItMayOnlyWrite() {
        ClBuffer buffer = use(context.createBuffer(PAGE, ClMemoryFlag.HOST_WRITE_ONLY));
        MemorySegment memory = pattern(PAGE, 4);
        queue.writeBlocking(buffer, 0, memory);
        assertFails(ClError.INVALID_OPERATION, () -> queue.readBlocking(buffer, 0, memory));
    }

    @Test
    void hostMayNotWriteWhatItMayOnlyRead() {
        ClBuffer buffer = use(context.createBuffer(PAGE, ClMemoryFlag.HOST_READ_ONLY));
        MemorySegment memory = pattern(PAGE, 5);
        assertFails(ClError.INVALID_OPERATION, () -> queue.writeBlocking(buffer, 0, memory));
        queue.enqueueFill(buffer, 0, PAGE, 7, 1);
        assertEquals(7, contents(buffer).get(ValueLayout.JAVA_BYTE, 17));
    }

    @Test
    void hostMayNeitherReadNorWriteWhatItHasNoAccessTo() {
        ClBuffer hidden = use(context.createBuffer(PAGE, ClMemoryFlag.HOST_NO_ACCESS));
        ClBuffer visible = buffer(PAGE);
        MemorySegment memory = pattern(PAGE, 6);
        assertFails(ClError.INVALID_OPERATION, () -> queue.writeBlocking(hidden, 0, memory));
        assertFails(ClError.INVALID_OPERATION, () -> queue.readBlocking(hidden, 0, memory));
        assertFails(ClError.INVALID_OPERATION, () -> queue.map(hidden, ClMapMode.READ, 0, PAGE));
        queue.writeBlocking(visible, 0, memory);
        queue.enqueueCopy(visible, 0, hidden, 0, PAGE);
        queue.enqueueFill(visible, 0, PAGE, 0, 8);
        queue.enqueueCopy(hidden, 0, visible, 0, PAGE);
        assertBytes(memory, contents(visible));
    }

    @Test
    void subBufferSharesTheBytesOfItsBuffer() {
        long origin = Math.max(PAGE, device.info().baseAddressAlignment());
        ClBuffer whole = buffer(4 * origin);
        MemorySegment source = pattern(whole.size(), 7);
        queue.writeBlocking(whole, 0, source);
        ClBuffer part = use(whole.subBuffer(origin, 2 * origin));
        assertEquals(2 * origin, part.size());
        assertBytes(source.asSlice(origin, 2 * origin), contents(part));
        queue.enqueueFill(part, origin, origin, 0, 1);
        source.asSlice(2 * origin, origin).fill((byte) 0);
        assertBytes(source, contents(whole));
    }

    @Test
    void subBufferOutlivesTheHandleOfItsBuffer() {
        ClBuffer whole = context.createBuffer(2 * PAGE);
        ClBuffer part = use(whole.subBuffer(PAGE, PAGE));
        whole.close();
        MemorySegment source = pattern(PAGE, 8);
        queue.writeBlocking(part, 0, source);
        assertBytes(source, contents(part));
    }

    @Test
    void subBufferStartsAtTheDevicesAlignment() {
        ClBuffer whole = buffer(2 * PAGE);
        assertFails(ClError.MISALIGNED_SUB_BUFFER_OFFSET, () -> whole.subBuffer(8, PAGE).close());
    }

    @Test
    void subBufferLiesWithinItsBuffer() {
        ClBuffer whole = buffer(2 * PAGE);
        assertThrows(IllegalArgumentException.class, () -> whole.subBuffer(PAGE, 2 * PAGE).close());
        assertThrows(IllegalArgumentException.class, () -> whole.subBuffer(-PAGE, PAGE).close());
        assertThrows(IllegalArgumentException.class, () -> whole.subBuffer(0, 0).close());
    }

    @Test
    void subBufferOfASubBufferIsRefused() {
        ClBuffer whole = buffer(4 * PAGE);
        ClBuffer part = use(whole.subBuffer(PAGE, 2 * PAGE));
        assertFails(ClError.INVALID_MEM_OBJECT, () -> part.subBuffer(0, PAGE).close());
    }

    @Test
    void mappingGivesTheHostTheBytes() {
        ClBuffer buffer = buffer(4 * PAGE);
        MemorySegment source = pattern(buffer.size(), 9);
        queue.writeBlocking(buffer, 0, source);
        ClMapping mapping = queue.map(buffer, ClMapMode.READ_WRITE, PAGE, 2 * PAGE);
        mapping.ready().await();
        assertEquals(PAGE, mapping.offset());
        assertBytes(source.asSlice(PAGE, 2 * PAGE), mapping.memory());
        mapping.memory().set(ValueLayout.JAVA_BYTE, 3, (byte) 99);
        source.set(ValueLayout.JAVA_BYTE, PAGE + 3, (byte) 99);
        try (ClEvent unmapped = queue.unmap(mapping)) {
            unmapped.await();
        }
        assertBytes(source, contents(buffer));
    }

    @Test
    void invalidatingMappingTakesNewBytes() {
        ClBuffer buffer = buffer(PAGE);
        MemorySegment source = pattern(PAGE, 10);
        ClMapping mapping = queue.map(buffer, ClMapMode.WRITE_INVALIDATE, 0, PAGE);
        mapping.ready().await();
        mapping.memory().copyFrom(source);
        queue.unmap(mapping).close();
        assertBytes(source, contents(buffer));
    }

    @Test
    void mappingEndsOnce() {
        ClBuffer buffer = buffer(PAGE);
        ClMapping mapping = queue.map(buffer, ClMapMode.READ, 0, PAGE);
        assertEquals(3, context.openObjects().size(), "queue, buffer and mapping");
        queue.unmap(mapping).close();
        assertEquals(2, context.openObjects().size());
        assertThrows(IllegalStateException.class, mapping::memory);
        assertThrows(IllegalStateException.class, () -> queue.unmap(mapping));
    }

    @Test
    void mappingLiesWithinTheBuffer() {
        ClBuffer buffer = buffer(PAGE);
        assertThrows(
                IllegalArgumentException.class, () -> queue.map(buffer, ClMapMode.READ, 1, PAGE));
    }
}
