package farpage.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.lwjgl.opencl.CL10;
import org.lwjgl.opencl.CL12;

/// The small value types: numbers are those of the C headers.
class PortTypesTest {
    @Test
    void memoryFlagsHaveTheBitsOfTheHeaders() {
        assertEquals(CL10.CL_MEM_READ_WRITE, ClMemoryFlag.READ_WRITE.bit());
        assertEquals(CL10.CL_MEM_WRITE_ONLY, ClMemoryFlag.WRITE_ONLY.bit());
        assertEquals(CL10.CL_MEM_READ_ONLY, ClMemoryFlag.READ_ONLY.bit());
        assertEquals(CL10.CL_MEM_USE_HOST_PTR, ClMemoryFlag.USE_HOST_PTR.bit());
        assertEquals(CL10.CL_MEM_ALLOC_HOST_PTR, ClMemoryFlag.ALLOC_HOST_PTR.bit());
        assertEquals(CL10.CL_MEM_COPY_HOST_PTR, ClMemoryFlag.COPY_HOST_PTR.bit());
        assertEquals(CL12.CL_MEM_HOST_WRITE_ONLY, ClMemoryFlag.HOST_WRITE_ONLY.bit());
        assertEquals(CL12.CL_MEM_HOST_READ_ONLY, ClMemoryFlag.HOST_READ_ONLY.bit());
        assertEquals(CL12.CL_MEM_HOST_NO_ACCESS, ClMemoryFlag.HOST_NO_ACCESS.bit());
        assertEquals(5, ClMemoryFlag.bits(ClMemoryFlag.READ_WRITE, ClMemoryFlag.READ_ONLY));
    }

    @Test
    void mapModesHaveTheBitsOfTheHeaders() {
        assertEquals(CL10.CL_MAP_READ, ClMapMode.READ.bits());
        assertEquals(CL10.CL_MAP_WRITE, ClMapMode.WRITE.bits());
        assertEquals(CL10.CL_MAP_READ | CL10.CL_MAP_WRITE, ClMapMode.READ_WRITE.bits());
        assertEquals(CL12.CL_MAP_WRITE_INVALIDATE_REGION, ClMapMode.WRITE_INVALIDATE.bits());
    }

    @Test
    void queuePropertiesHaveTheBitsOfTheHeaders() {
        assertEquals(
                CL10.CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, ClQueueProperty.OUT_OF_ORDER.bit());
        assertEquals(CL10.CL_QUEUE_PROFILING_ENABLE, ClQueueProperty.PROFILING.bit());
    }

    @Test
    void eventStatusIsReadFromItsCode() {
        assertEquals(ClEventStatus.QUEUED, ClEventStatus.ofCode(CL10.CL_QUEUED));
        assertEquals(ClEventStatus.SUBMITTED, ClEventStatus.ofCode(CL10.CL_SUBMITTED));
        assertEquals(ClEventStatus.RUNNING, ClEventStatus.ofCode(CL10.CL_RUNNING));
        assertEquals(ClEventStatus.COMPLETE, ClEventStatus.ofCode(CL10.CL_COMPLETE));
        assertEquals(ClEventStatus.FAILED, ClEventStatus.ofCode(-5));
        assertThrows(IllegalArgumentException.class, () -> ClEventStatus.ofCode(4));
    }

    @Test
    void workSizeIsAMultipleOfItsGroup() {
        assertEquals(new WorkSize(128, 32), WorkSize.perGroup(4, 32));
        assertEquals(new WorkSize(7, 0), WorkSize.perItem(7));
        assertEquals(new WorkSize(48, 16), WorkSize.covering(33, 16));
        assertEquals(new WorkSize(32, 16), WorkSize.covering(32, 16));
        assertThrows(IllegalArgumentException.class, () -> new WorkSize(0, 0));
        assertThrows(IllegalArgumentException.class, () -> new WorkSize(8, -1));
        assertThrows(IllegalArgumentException.class, () -> new WorkSize(33, 32));
        assertThrows(ArithmeticException.class, () -> WorkSize.perGroup(Long.MAX_VALUE, 2));
    }

    @Test
    void unknownBindingNamesTheKnownOnes() {
        IllegalArgumentException e =
                assertThrows(
                        IllegalArgumentException.class, () -> ClBindings.open("panama").close());
        assertTrue(e.toString().contains("panama"), e::toString);
        assertTrue(e.toString().contains("lwjgl, jocl"), e::toString);
        assertEquals(ClBindings.DEFAULT, ClBindings.names().getFirst());
    }
}
