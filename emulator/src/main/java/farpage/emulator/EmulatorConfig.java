package farpage.emulator;

import farpage.emulator.devmem.DeviceMemory;
import farpage.opencl.ClBinding;
import farpage.opencl.ClDevice;
import java.util.Collections;
import java.util.List;
import java.util.function.LongSupplier;

/// What an emulator is made of.
///
/// ```
/// EmulatorConfig.of(binding, device).withDeviceCount(1).withDeviceMemory(64L << 20)
/// ```
///
/// @param binding makes the contexts; it stays the caller's and is closed after the emulator
/// @param devices which OpenCL device serves each emulated device; one may serve several
/// @param ramSize bytes of system memory
/// @param deviceMemory the most bytes of memory of each emulated device
/// @param chunkSize bytes of device memory that are made at once
/// @param evicts whether pages make room for others when a device's memory is full; without, what
///   finds no room stays in system memory
/// @param nanoClock a clock that only ever goes forward, for time-outs and rates
/// @kernel lib/test_hmm.c: module parameters
public record EmulatorConfig(
        ClBinding binding,
        List<ClDevice> devices,
        long ramSize,
        long deviceMemory,
        long chunkSize,
        boolean evicts,
        LongSupplier nanoClock) {
    /// Emulated devices where nothing else is asked for, as the kernel's driver has.
    public static final int DEVICE_COUNT_DEFAULT = 2;

    /// Bytes of system memory where nothing else is asked for.
    public static final long RAM_SIZE_DEFAULT = 1L << 30;

    /// Bytes of memory of each device where nothing else is asked for.
    public static final long DEVICE_MEMORY_DEFAULT = 4L << 30;

    /// Keeps the devices as an unmodifiable list.
    public EmulatorConfig {
        if (devices.isEmpty()) {
            throw new IllegalArgumentException("devices: count=0, limit=1");
        }
        devices = List.copyOf(devices);
    }

    /// Two emulated devices served by one OpenCL device, everything else by default.
    public static EmulatorConfig of(ClBinding binding, ClDevice device) {
        return new EmulatorConfig(
                binding,
                Collections.nCopies(DEVICE_COUNT_DEFAULT, device),
                RAM_SIZE_DEFAULT,
                DEVICE_MEMORY_DEFAULT,
                DeviceMemory.CHUNK_SIZE_DEFAULT,
                true,
                System::nanoTime);
    }

    /// That many emulated devices, all served by the first OpenCL device.
    public EmulatorConfig withDeviceCount(int count) {
        return withDevices(Collections.nCopies(count, devices.getFirst()));
    }

    public EmulatorConfig withDevices(List<ClDevice> newDevices) {
        return new EmulatorConfig(
                binding, newDevices, ramSize, deviceMemory, chunkSize, evicts, nanoClock);
    }

    public EmulatorConfig withRamSize(long bytes) {
        return new EmulatorConfig(
                binding, devices, bytes, deviceMemory, chunkSize, evicts, nanoClock);
    }

    public EmulatorConfig withDeviceMemory(long bytes) {
        return new EmulatorConfig(binding, devices, ramSize, bytes, chunkSize, evicts, nanoClock);
    }

    public EmulatorConfig withChunkSize(long bytes) {
        return new EmulatorConfig(
                binding, devices, ramSize, deviceMemory, bytes, evicts, nanoClock);
    }

    public EmulatorConfig withEviction(boolean on) {
        return new EmulatorConfig(
                binding, devices, ramSize, deviceMemory, chunkSize, on, nanoClock);
    }

    public EmulatorConfig withNanoClock(LongSupplier clock) {
        return new EmulatorConfig(
                binding, devices, ramSize, deviceMemory, chunkSize, evicts, clock);
    }
}
