package farpage.cli;

import farpage.opencl.ClDevice;
import farpage.opencl.ClDeviceInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Where and with what a result was made: the first line of every report.
final class Context {
    private Context() {}

    /// The context of a command that uses a device.
    static Row of(Command command, String name, ClDevice device) {
        ClDeviceInfo info = device.info();
        return base(command, name)
                .put("device", info.name())
                .put("platform", device.platform().name())
                .put("driver", info.driverVersion())
                .put("openclVersion", info.deviceVersion())
                .put("unifiedHostMemory", info.hostUnifiedMemory());
    }

    /// The context of a command that uses none.
    static Row base(Command command, String name) {
        return new Row()
                .put("schema", Row.SCHEMA)
                .put("context", name)
                .put("version", FarpageCommand.version())
                .put("binding", command.options.bindingOf(command.environment()).name())
                .put("seed", command.options.seed)
                .put("host", host(command.environment()))
                .put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"))
                .put("arch", System.getProperty("os.arch"))
                .put("processors", Runtime.getRuntime().availableProcessors())
                .put("jvm", System.getProperty("java.vm.name") + " " + Runtime.version());
    }

    private static String host(CliEnvironment environment) {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        } catch (IOException _) {
            return environment.variables().getOrDefault("HOSTNAME", "unknown");
        }
    }
}
