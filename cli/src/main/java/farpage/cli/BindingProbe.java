package farpage.cli;

import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClException;
import java.util.List;
import java.util.Objects;

/// What one binding sees, found out by trying.
final class BindingProbe implements AutoCloseable {
    /// What is said of a binding that works.
    static final String USABLE = "usable";

    private final String name;
    private final List<ClBinding> opened;
    private final List<ClDevice> devices;
    private final String failure;

    private BindingProbe(
            String name, List<ClBinding> opened, List<ClDevice> devices, String failure) {
        this.name = name;
        this.opened = opened;
        this.devices = devices;
        this.failure = failure;
    }

    /// Opens a binding and lists its devices; that it cannot be opened is a result here.
    static BindingProbe open(String name) {
        try {
            ClBinding binding = ClBindings.open(name);
            return new BindingProbe(name, List.of(binding), binding.devices(), "");
        } catch (ClException failure) {
            return failed(name, failure);
        } catch (LinkageError failure) {
            // The natives of a binding that cannot be unpacked or loaded on this machine.
            return failed(name, failure);
        }
    }

    private static BindingProbe failed(String name, Throwable failure) {
        String reason = Objects.requireNonNullElse(failure.getMessage(), failure.toString());
        return new BindingProbe(name, List.of(), List.of(), reason);
    }

    String name() {
        return name;
    }

    /// Its devices; none when it could not be opened.
    List<ClDevice> devices() {
        return devices;
    }

    /// Why it could not be opened, or an empty text.
    String failure() {
        return failure;
    }

    /// Whether a device, as it is known from any binding, can be used through this one.
    ///
    /// @param index its place in the list of all devices
    /// @return [#USABLE], or why not
    String status(ClDevice device, int index) {
        if (!failure.isEmpty()) {
            return failure;
        }
        if (index >= devices.size()
                || !devices.get(index).info().name().equals(device.info().name())) {
            return "not seen by this binding";
        }
        if (device.info().obstacle().isPresent()) {
            return device.info().obstacle().get();
        }
        try (ClContext context = opened.getFirst().createContext(devices.get(index))) {
            context.createQueue(devices.get(index)).close();
            return USABLE;
        } catch (ClException failed) {
            return Objects.requireNonNullElse(failed.getMessage(), failed.toString());
        }
    }

    @Override
    public void close() {
        opened.forEach(ClBinding::close);
    }
}
