package farpage.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lwjgl.opencl.CL;

class ClErrorTest {
    /// Negative numbers that are states of a build, not errors of a call.
    private static final Set<String> BUILD_STATES =
            Set.of("CL_BUILD_NONE", "CL_BUILD_ERROR", "CL_BUILD_IN_PROGRESS");

    @Test
    void codesOfTheSpecificationHaveTheirNames() {
        assertEquals("CL_SUCCESS", ClError.of(0).name());
        assertEquals("CL_DEVICE_NOT_FOUND", ClError.of(-1).name());
        assertEquals("CL_KERNEL_ARG_INFO_NOT_AVAILABLE", ClError.of(-19).name());
        assertEquals("CL_INVALID_VALUE", ClError.of(-30).name());
        assertEquals("CL_MAX_SIZE_RESTRICTION_EXCEEDED", ClError.of(-72).name());
        assertEquals("CL_PLATFORM_NOT_FOUND_KHR", ClError.of(-1001).name());
        assertEquals("CL_INVALID_SEMAPHORE_KHR", ClError.of(-1142).name());
    }

    @Test
    void everyCodeOfTheCoreSpecificationIsKnown() {
        for (int code = 0; code >= -72; code--) {
            boolean unused = code < -19 && code > -30;
            boolean known = !ClError.of(code).name().startsWith("unknown");
            assertEquals(!unused, known, "code " + code);
        }
    }

    /// LWJGL carries the constants of the core and of the registered extensions; whatever it calls
    /// an error must be known here by that name.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "CL10",
                "CL11",
                "CL12",
                "CL20",
                "CL22",
                "KHRICD",
                "KHRGLSharing",
                "KHREGLImage",
                "KHRCommandBuffer",
                "KHRCommandBufferMutableDispatch",
                "KHRSemaphore",
                "KHRTerminateContext",
                "EXTDeviceFission",
                "INTELAccelerator",
                "INTELVAAPIMediaSharing",
                "IMGCancelCommand"
            })
    void lwjglsNamesAreOurs(String name) throws ReflectiveOperationException {
        String packageName = CL.class.getPackageName();
        Class<?> constants =
                Class.forName(packageName + "." + name, false, CL.class.getClassLoader());
        for (Field field : constants.getFields()) {
            boolean constant = Modifier.isStatic(field.getModifiers());
            boolean state = BUILD_STATES.contains(field.getName());
            boolean number = constant && !state && field.getType() == int.class;
            if (number && field.getInt(null) < 0) {
                ClError error = ClError.of(field.getInt(null));
                boolean same = error.name().equals(field.getName());
                assertTrue(same || error.aliases().contains(field.getName()), field::getName);
            }
        }
    }

    @Test
    void knownErrorsAreEachThereOnce() {
        Set<Integer> codes = new HashSet<>();
        Set<String> names = new HashSet<>();
        for (ClError error : ClError.known()) {
            assertTrue(codes.add(error.code()), error::toString);
            assertTrue(names.add(error.name()), error::toString);
            error.aliases().forEach(alias -> assertTrue(names.add(alias), alias));
            assertSame(error, ClError.of(error.code()));
        }
        assertTrue(codes.size() > 90, "codes: " + codes.size());
    }

    @Test
    void unknownCodePrintsAsItsNumber() {
        ClError unknown = ClError.of(-9999);
        assertEquals("unknown OpenCL error (-9999)", unknown.toString());
        assertEquals(unknown, ClError.of(-9999));
        assertNotEquals(unknown, ClError.of(-9998));
    }

    @Test
    void outOfMemoryIsToldFromOtherErrors() {
        assertTrue(ClError.MEM_OBJECT_ALLOCATION_FAILURE.isOutOfMemory());
        assertTrue(ClError.of(-5).isOutOfMemory());
        assertFalse(ClError.INVALID_VALUE.isOutOfMemory());
    }

    @Test
    void exceptionNamesErrorCallAndDetail() {
        ClException e = new ClException(ClError.OUT_OF_RESOURCES, "clFinish", "queue 1");
        assertEquals("clFinish: CL_OUT_OF_RESOURCES (-5): queue 1", e.getMessage());
        assertEquals(ClError.OUT_OF_RESOURCES, e.error());
        assertEquals(
                "clFlush: unknown OpenCL error (-7777)",
                new ClException(ClError.of(-7777), "clFlush", "").getMessage());
    }
}
