package farpage.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClDeviceInfoTest {
    private static ClDeviceInfo device(
            String version, ClDeviceType type, boolean little, boolean there, boolean compiler) {
        return new ClDeviceInfo(
                "device",
                "vendor",
                "1",
                version,
                "OpenCL C 1.2",
                type,
                1,
                1000,
                1 << 30,
                64,
                1 << 28,
                1 << 15,
                256,
                128,
                64,
                1,
                little,
                true,
                true,
                false,
                there,
                compiler,
                Set.of("cl_khr_fp64"));
    }

    private static ClDeviceInfo version(String version) {
        return device(version, ClDeviceType.GPU, true, true, true);
    }

    @ParameterizedTest
    @CsvSource({
        "OpenCL 1.2 vendor, 1, 2, true", "OpenCL 1.2, 1, 2, true",
        "OpenCL 3.0 PoCL HSTR: x, 1, 2, true", "OpenCL 3.0 PoCL, 3, 0, true",
        "OpenCL 3.0 PoCL, 3, 1, false", "OpenCL 1.1 x, 1, 2, false",
        "OpenCL 12.34 x, 12, 33, true", "OpenGL 4.6, 1, 0, false"
    })
    void versionsCompareByTheirNumbers(String text, int major, int minor, boolean expected) {
        assertEquals(expected, version(text).isVersion(major, minor));
    }

    @Test
    void goodDeviceHasNoObstacle() {
        assertEquals(Optional.empty(), version("OpenCL 1.2 x").obstacle());
    }

    @Test
    void obstacleSaysWhyADeviceIsOfNoUse() {
        ClDeviceType gpu = ClDeviceType.GPU;
        assertObstacle("OpenCL 1.1", version("OpenCL 1.1 x"));
        assertObstacle("not available", device("OpenCL 3.0 x", gpu, true, false, true));
        assertObstacle("no kernel compiler", device("OpenCL 3.0 x", gpu, true, true, false));
        assertObstacle("big-endian", device("OpenCL 3.0 x", gpu, false, true, true));
        assertObstacle("CUSTOM", device("OpenCL 3.0 x", ClDeviceType.CUSTOM, true, true, true));
    }

    private static void assertObstacle(String part, ClDeviceInfo info) {
        String obstacle = info.obstacle().orElse("none");
        assertTrue(obstacle.contains(part), obstacle);
    }

    @Test
    void extensionsAreAskedByName() {
        assertTrue(version("OpenCL 1.2").hasExtension("cl_khr_fp64"));
        assertFalse(version("OpenCL 1.2").hasExtension("cl_khr_fp"));
    }

    @Test
    void typeIsReadFromItsBits() {
        assertEquals(ClDeviceType.CPU, ClDeviceType.ofBits(2));
        assertEquals(ClDeviceType.GPU, ClDeviceType.ofBits(4));
        assertEquals(ClDeviceType.GPU, ClDeviceType.ofBits(5));
        assertEquals(ClDeviceType.ACCELERATOR, ClDeviceType.ofBits(8));
        assertEquals(ClDeviceType.CUSTOM, ClDeviceType.ofBits(16));
    }
}
