package farpage.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClError;
import farpage.opencl.ClEvent;
import farpage.opencl.ClEventStatus;
import farpage.opencl.ClException;
import farpage.opencl.ClProfilingTimes;
import farpage.opencl.ClQueue;
import farpage.opencl.ClQueueProperty;
import farpage.opencl.ClUserEvent;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

abstract class ClQueuesContract extends ClContract {
    /// An event that holds commands back. PoCL's `basic` driver, which runs commands within the
    /// call that enqueues them, crashes in pocl_command_push when one has to wait (seen with 3.1).
    private ClUserEvent gate() {
        assumeFalse(device.info().name().startsWith("basic-"), "PoCL basic: commands cannot wait");
        return context.createUserEvent();
    }

    @Test
    void nonBlockingTransfersArriveBehindTheirEvents() {
        ClBuffer a = buffer(PAGE);
        ClBuffer b = buffer(PAGE);
        MemorySegment source = pattern(PAGE, 1);
        MemorySegment target = arena.allocate(PAGE);
        try (ClEvent written = queue.write(a, 0, source);
                ClEvent copied = queue.copy(a, 0, b, 0, PAGE, written);
                ClEvent read = queue.read(b, 0, target, copied)) {
            read.await();
            assertEquals(ClEventStatus.COMPLETE, read.status());
            assertEquals(ClEventStatus.COMPLETE, written.status());
        }
        assertBytes(source, target);
    }

    @Test
    void runsWithoutEventsAreAllThroughAfterFinish() {
        long size = 300L * PAGE;
        ClBuffer a = buffer(size);
        ClBuffer b = buffer(size);
        MemorySegment source = pattern(size, 2);
        MemorySegment target = arena.allocate(size);
        for (long at = 0; at < size; at += PAGE) {
            queue.enqueueWrite(a, at, source, at, PAGE);
        }
        for (long at = 0; at < size; at += PAGE) {
            queue.enqueueCopy(a, at, b, size - PAGE - at, PAGE);
        }
        for (long at = 0; at < size; at += PAGE) {
            queue.enqueueRead(b, size - PAGE - at, target, at, PAGE);
        }
        queue.finish();
        assertBytes(source, target);
        assertEquals(3, context.openObjects().size(), "queue and two buffers, no events");
    }

    @Test
    void markerCompletesAfterEverythingBeforeIt() {
        ClBuffer buffer = buffer(PAGE);
        MemorySegment source = pattern(PAGE, 3);
        MemorySegment target = arena.allocate(PAGE);
        queue.enqueueWrite(buffer, 0, source, 0, PAGE);
        queue.enqueueRead(buffer, 0, target, 0, PAGE);
        try (ClEvent marker = queue.marker()) {
            marker.await();
        }
        assertBytes(source, target);
    }

    @ParameterizedTest
    @CsvSource({"1, 0x5A", "2, 0x1234", "4, 0x12345678", "8, 0x123456789ABCDEF0"})
    void fillRepeatsItsPattern(int patternSize, String pattern) {
        long value = Long.decode(pattern);
        ClBuffer buffer = buffer(PAGE);
        queue.enqueueFill(buffer, 0, PAGE, 0, 1);
        try (ClEvent filled = queue.fill(buffer, 64, 128, value, patternSize)) {
            filled.await();
        }
        MemorySegment memory = contents(buffer);
        for (int i = 0; i < PAGE; i++) {
            long expected = i < 64 || i >= 192 ? 0 : value >>> (i % patternSize * 8);
            assertEquals((byte) expected, memory.get(ValueLayout.JAVA_BYTE, i), "byte " + i);
        }
    }

    @Test
    void fillRefusesPatternsThatDoNotFit() {
        ClBuffer buffer = buffer(PAGE);
        Class<IllegalArgumentException> refused = IllegalArgumentException.class;
        assertThrows(refused, () -> queue.enqueueFill(buffer, 0, PAGE, 0, 3));
        assertThrows(refused, () -> queue.enqueueFill(buffer, 0, PAGE, 0, 0));
        assertThrows(refused, () -> queue.enqueueFill(buffer, 0, PAGE, 0, 16));
        assertThrows(refused, () -> queue.enqueueFill(buffer, 2, PAGE / 2, 0, 4));
        assertThrows(refused, () -> queue.enqueueFill(buffer, 0, 6, 0, 4));
    }

    @Test
    void commandWaitsForAUserEvent() {
        ClBuffer buffer = buffer(PAGE);
        MemorySegment source = pattern(PAGE, 4);
        queue.enqueueFill(buffer, 0, PAGE, 0, 1);
        queue.finish();
        try (ClUserEvent gate = gate();
                ClEvent written = queue.write(buffer, 0, source, gate)) {
            queue.flush();
            assertNotEquals(ClEventStatus.COMPLETE, written.status());
            gate.complete();
            written.await();
            assertEquals(ClEventStatus.COMPLETE, gate.status());
        }
        assertBytes(source, contents(buffer));
    }

    @Test
    void commandWaitsForAnEventOfAnotherQueue() {
        ClQueue other = newQueue();
        ClBuffer a = buffer(PAGE);
        ClBuffer b = buffer(PAGE);
        MemorySegment source = pattern(PAGE, 5);
        MemorySegment target = arena.allocate(PAGE);
        try (ClUserEvent gate = gate();
                ClEvent written = queue.write(a, 0, source, gate);
                ClEvent copied = other.copy(a, 0, b, 0, PAGE, written);
                ClEvent read = queue.read(b, 0, target, copied)) {
            queue.flush();
            other.flush();
            assertNotEquals(ClEventStatus.COMPLETE, copied.status());
            gate.complete();
            read.await();
        }
        assertBytes(source, target);
    }

    @Test
    void outOfOrderQueueObeysWaitLists() {
        ClQueue free = newQueue(ClQueueProperty.OUT_OF_ORDER);
        assertTrue(free.isOutOfOrder());
        assertFalse(queue.isOutOfOrder());
        ClBuffer a = buffer(PAGE);
        ClBuffer b = buffer(PAGE);
        MemorySegment source = pattern(PAGE, 6);
        MemorySegment target = arena.allocate(PAGE);
        try (ClEvent written = free.write(a, 0, source);
                ClEvent copied = free.copy(a, 0, b, 0, PAGE, written);
                ClEvent read = free.read(b, 0, target, copied)) {
            read.await();
        }
        assertBytes(source, target);
    }

    @Test
    void outOfOrderCommandOvertakesOneThatWaits() {
        ClQueue free = newQueue(ClQueueProperty.OUT_OF_ORDER);
        ClBuffer a = buffer(PAGE);
        ClBuffer b = buffer(PAGE);
        MemorySegment source = pattern(PAGE, 7);
        try (ClUserEvent gate = gate();
                ClEvent late = free.write(a, 0, source, gate);
                ClEvent early = free.write(b, 0, source)) {
            early.await();
            assertNotEquals(ClEventStatus.COMPLETE, late.status());
            gate.complete();
            late.await();
        }
        assertBytes(source, contents(a));
    }

    @Test
    void barrierOrdersAnOutOfOrderQueue() {
        ClQueue free = newQueue(ClQueueProperty.OUT_OF_ORDER);
        ClBuffer buffer = buffer(16 * PAGE);
        MemorySegment source = pattern(16 * PAGE, 8);
        MemorySegment target = arena.allocate(16 * PAGE);
        for (int round = 0; round < 20; round++) {
            free.enqueueFill(buffer, 0, buffer.size(), round, 1);
            free.enqueueBarrier();
            free.enqueueWrite(buffer, 0, source, 0, source.byteSize());
            free.barrier().close();
            free.enqueueRead(buffer, 0, target, 0, target.byteSize());
            free.finish();
            assertBytes(source, target);
            target.fill((byte) 0);
        }
    }

    @Test
    void barrierWithAWaitListHoldsBackWhatComesAfterIt() {
        ClQueue free = newQueue(ClQueueProperty.OUT_OF_ORDER);
        ClBuffer buffer = buffer(PAGE);
        MemorySegment source = pattern(PAGE, 9);
        try (ClUserEvent gate = gate();
                ClEvent barrier = free.barrier(gate);
                ClEvent written = free.write(buffer, 0, source)) {
            free.flush();
            assertNotEquals(ClEventStatus.COMPLETE, written.status());
            gate.complete();
            written.await();
            assertEquals(ClEventStatus.COMPLETE, barrier.status());
        }
    }

    @Test
    void profilingTimesAreInOrder() {
        ClQueue timed = newQueue(ClQueueProperty.PROFILING);
        assertTrue(timed.isProfiling());
        ClBuffer buffer = buffer(PAGE);
        try (ClEvent filled = timed.fill(buffer, 0, PAGE, 0, 8)) {
            filled.await();
            ClProfilingTimes times = filled.profilingTimes();
            assertTrue(times.queuedNanos() > 0, times::toString);
            assertTrue(times.queuedNanos() <= times.submittedNanos(), times::toString);
            assertTrue(times.submittedNanos() <= times.startedNanos(), times::toString);
            assertTrue(times.startedNanos() <= times.endedNanos(), times::toString);
            assertEquals(times.endedNanos() - times.startedNanos(), times.runNanos());
        }
    }

    @Test
    void queueWithoutProfilingHasNoTimes() {
        ClBuffer buffer = buffer(PAGE);
        assertFalse(queue.isProfiling());
        try (ClEvent filled = queue.fill(buffer, 0, PAGE, 0, 8)) {
            filled.await();
            assertFails(ClError.PROFILING_INFO_NOT_AVAILABLE, filled::profilingTimes);
        }
    }

    @Test
    void failedUserEventEndsWhatWaitsForIt() {
        ClBuffer buffer = buffer(PAGE);
        queue.enqueueFill(buffer, 0, PAGE, 1, 1);
        queue.finish();
        try (ClUserEvent gate = gate();
                ClEvent filled = queue.fill(buffer, 0, PAGE, 2, 1, gate)) {
            gate.fail(ClError.OUT_OF_RESOURCES);
            assertThrows(ClException.class, filled::await);
            assertEquals(ClEventStatus.FAILED, filled.status());
            assertEquals(ClEventStatus.FAILED, gate.status());
        }
        assertEquals(1, contents(buffer).get(ValueLayout.JAVA_BYTE, 5), "not filled again");
    }

    @Test
    void awaitAllWaitsForEveryEventAndReportsTheFirstFailure() {
        ClQueue other = newQueue();
        ClBuffer buffer = buffer(PAGE);
        try (ClUserEvent good = gate();
                ClUserEvent bad = gate();
                ClEvent first = queue.fill(buffer, 0, 8, 1, 1, bad);
                ClEvent second = other.fill(buffer, 8, 8, 2, 1, good)) {
            bad.fail(ClError.OUT_OF_RESOURCES);
            good.complete();
            assertThrows(ClException.class, () -> ClEvent.awaitAll(first, second));
            assertEquals(ClEventStatus.COMPLETE, second.status());
        }
    }

    @Test
    void userEventCompletesOnce() {
        try (ClUserEvent gate = gate()) {
            assertThrows(IllegalArgumentException.class, () -> gate.fail(ClError.SUCCESS));
            gate.complete();
            assertFails(ClError.INVALID_OPERATION, gate::complete);
            gate.await();
        }
    }

    @Test
    void overlappingCopyWithinABufferIsRefused() {
        ClBuffer buffer = buffer(4 * PAGE);
        assertFails(
                ClError.MEM_COPY_OVERLAP,
                () -> queue.enqueueCopy(buffer, 0, buffer, PAGE, 2 * PAGE));
        queue.enqueueFill(buffer, 0, 4 * PAGE, 0, 1);
        queue.enqueueFill(buffer, 0, PAGE, 9, 1);
        queue.enqueueCopy(buffer, 0, buffer, 3 * PAGE, PAGE);
        assertEquals(9, contents(buffer).get(ValueLayout.JAVA_BYTE, 4 * PAGE - 1));
    }

    @Test
    void rangesOutsideABufferAreRefused() {
        ClBuffer small = buffer(PAGE);
        ClBuffer large = buffer(2 * PAGE);
        MemorySegment two = arena.allocate(2 * PAGE);
        Class<IllegalArgumentException> refused = IllegalArgumentException.class;
        assertThrows(refused, () -> queue.writeBlocking(small, 0, two));
        assertThrows(refused, () -> queue.readBlocking(small, 0, two));
        assertThrows(refused, () -> queue.write(small, -1, two.asSlice(0, 8)));
        assertThrows(refused, () -> queue.read(small, PAGE - 7, two.asSlice(0, 8)));
        assertThrows(refused, () -> queue.enqueueWrite(small, 0, two, 2 * PAGE - 4, 8));
        assertThrows(refused, () -> queue.enqueueRead(small, 0, two, -8, 8));
        assertThrows(refused, () -> queue.enqueueCopy(large, PAGE, small, 1, PAGE));
        assertThrows(refused, () -> queue.enqueueCopy(large, 2 * PAGE, small, 0, 8));
        assertThrows(refused, () -> queue.enqueueFill(small, 0, PAGE + 8, 0, 8));
        assertThrows(refused, () -> queue.enqueueWrite(large, Long.MAX_VALUE, two, 0, 8));
        assertThrows(refused, () -> queue.enqueueWrite(large, 0, two, 0, 0));
        assertThrows(refused, () -> queue.readBlocking(large, 0, two.asReadOnly()));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 4095, 4096, 4097, (1 << 20) + 3, 64 << 20})
    void transfersOfAnySizeKeepEveryByte(long size) {
        ClBuffer buffer = buffer(size);
        MemorySegment source = arena.allocate(size, 64);
        for (long at = 0; at + 8 <= size; at += 8) {
            source.set(ValueLayout.JAVA_LONG, at, at * 0x9E3779B97F4A7C15L + 1);
        }
        for (long at = size & ~7L; at < size; at++) {
            source.set(ValueLayout.JAVA_BYTE, at, (byte) 0x77);
        }
        queue.writeBlocking(buffer, 0, source);
        assertBytes(source, contents(buffer));
    }
}
