package farpage.emulator.bench;

import farpage.emulator.EmulatorConfig;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import java.util.Optional;
import java.util.function.LongSupplier;

/// What moves of pages are compared with, in a context of its own: plain transfers, and `memcpy`
/// where the device shares the host's memory.
///
/// @opencl cl_context
final class References implements AutoCloseable {
    private final ClContext context;
    private final ClDevice device;
    private final LongSupplier nanoClock;
    private Optional<MemcpyPattern> pattern = Optional.empty();
    private Optional<RawTransfer> raw = Optional.empty();

    /// @param config binding and device
    References(EmulatorConfig config, LongSupplier nanoClock) {
        this.device = config.devices().getFirst();
        this.nanoClock = nanoClock;
        this.context = config.binding().createContext(device);
    }

    /// `memcpy` in a memory of at least that size; nothing where the device has its own.
    Optional<MemcpyPattern> pattern(long bytes) {
        if (!device.info().hostUnifiedMemory()) {
            return Optional.empty();
        }
        if (pattern.isEmpty() || pattern.get().bytes() < bytes) {
            pattern.ifPresent(MemcpyPattern::close);
            pattern = Optional.empty();
            pattern = Optional.of(new MemcpyPattern(bytes));
        }
        return pattern;
    }

    /// Plain transfers of a size; those of the last other size are given back.
    RawTransfer raw(long bytes) {
        if (raw.isEmpty() || raw.get().bytes() != bytes) {
            raw.ifPresent(RawTransfer::close);
            raw = Optional.empty();
            raw = Optional.of(new RawTransfer(context, device, bytes, nanoClock));
        }
        return raw.get();
    }

    @Override
    public void close() {
        raw.ifPresent(RawTransfer::close);
        pattern.ifPresent(MemcpyPattern::close);
        context.close();
    }
}
