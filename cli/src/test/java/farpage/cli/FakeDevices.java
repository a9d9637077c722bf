package farpage.cli;

import farpage.opencl.ClDevice;
import farpage.opencl.ClDeviceInfo;
import farpage.opencl.ClDeviceType;
import farpage.opencl.ClPlatform;
import java.util.List;
import java.util.Set;

/// Devices that have names and limits and nothing else.
final class FakeDevices {
    private FakeDevices() {}

    static ClDevice of(String platform, String name, ClDeviceType type, boolean isAvailable) {
        ClDeviceInfo info =
                new ClDeviceInfo(
                        name,
                        "vendor",
                        "1.0",
                        "OpenCL 3.0 test",
                        "OpenCL C 1.2",
                        type,
                        4,
                        1000,
                        1L << 30,
                        64,
                        1L << 28,
                        1L << 15,
                        256,
                        128,
                        64,
                        1,
                        true,
                        true,
                        true,
                        false,
                        isAvailable,
                        true,
                        Set.of());
        return new Device(info, new Platform(platform));
    }

    private record Device(ClDeviceInfo info, ClPlatform platform) implements ClDevice {}

    private record Platform(String name) implements ClPlatform {
        @Override
        public String vendor() {
            return "vendor";
        }

        @Override
        public String version() {
            return "OpenCL 3.0";
        }

        @Override
        public List<ClDevice> devices() {
            return List.of();
        }
    }
}
