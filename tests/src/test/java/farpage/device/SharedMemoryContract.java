package farpage.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import farpage.opencl.ClSharedMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Memory that host and device use at one place, on devices that have it.
abstract class SharedMemoryContract extends ClContract {
    @BeforeEach
    void deviceShares() {
        assumeTrue(device.info().fineGrainSvm(), "the device has no fine-grained buffer SVM");
    }

    @Test
    void commandsSeeWhatTheHostStored() {
        ClSharedMemory shared = use(context.createSharedMemory(2 * PAGE));
        MemorySegment bytes = pattern(2 * PAGE, 7);
        shared.memory().copyFrom(bytes);
        assertBytes(bytes, contents(shared.buffer()));
        assertEquals(2 * PAGE, shared.buffer().size());
    }

    @Test
    void hostSeesWhatCommandsStored() {
        ClSharedMemory shared = use(context.createSharedMemory(2 * PAGE));
        MemorySegment bytes = pattern(PAGE, 8);
        queue.writeBlocking(shared.buffer(), PAGE, bytes);
        assertBytes(bytes, shared.memory().asSlice(PAGE, PAGE));
        queue.enqueueFill(shared.buffer(), 0, PAGE, 0x5A, 1);
        queue.finish();
        assertEquals(0x5A, shared.memory().get(ValueLayout.JAVA_BYTE, PAGE - 1));
    }

    @Test
    void commandsLeaveTheBytesBesideThemToTheHost() {
        ClSharedMemory shared = use(context.createSharedMemory(PAGE));
        shared.memory().fill((byte) 1);
        queue.enqueueFill(shared.buffer(), 64, 64, 2, 1);
        shared.memory().set(ValueLayout.JAVA_BYTE, 0, (byte) 3);
        queue.finish();
        assertEquals(3, shared.memory().get(ValueLayout.JAVA_BYTE, 0));
        assertEquals(2, shared.memory().get(ValueLayout.JAVA_BYTE, 64));
        assertEquals(1, shared.memory().get(ValueLayout.JAVA_BYTE, 128));
    }

    @Test
    void sizesThatNoBindingCanNameAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> context.createSharedMemory(0).close());
        assertThrows(
                IllegalArgumentException.class,
                () -> context.createSharedMemory(ClSharedMemory.SIZE_MAX + 1).close());
    }

    @Test
    void closedMemoryIsNotGivenOut() {
        ClSharedMemory shared = context.createSharedMemory(PAGE);
        shared.close();
        assertThrows(IllegalStateException.class, shared::memory);
        shared.close();
    }
}
