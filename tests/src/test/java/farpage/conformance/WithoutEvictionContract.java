package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import farpage.emulator.EmulatorConfig;
import farpage.mm.Errno;
import farpage.opencl.ClError;
import farpage.opencl.ClException;
import farpage.opencl.inject.CallKind;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/// A device that never evicts, as the kernel's driver: what finds no room stays in system memory.
abstract class WithoutEvictionContract extends EmulatorScene {
    @Override
    EmulatorConfig configure(EmulatorConfig config) {
        return config.withRamSize(16L << 20)
                .withDeviceMemory(1L << 20)
                .withChunkSize(512L << 10)
                .withEviction(false)
                .withInPlace(false);
    }

    @Test
    void fullDeviceLeavesTheRestInSystemMemory() {
        long address = map(300);
        MemorySegment data = pattern(300, 1);
        cpuWrites(address, data);
        assertEquals(failure(Errno.ENOENT), migrateToDevice(device0, address, 300));
        assertEquals(256, pagesOn(0));
        assertEquals(2, emulator.device(0).memory().statistics().chunkCount());
        assertEquals("22 02", snapshot(device0, page(address, 255), 2));
        assertEquals(failure(Errno.ENOENT), migrateToDevice(device0, page(address, 256), 1));
        assertDeviceReads(device0, address, data, 1);
        assertCpuReads(address, data.asSlice(0, PAGE));
        assertMigrates(device0, page(address, 256), 1);
        assertCpuReads(address, data);
        assertEquals(0, pagesOn(0));
    }

    @Test
    void bufferThatFailsUnexpectedlyLeavesThePagesUsable() {
        long address = map(8);
        MemorySegment data = pattern(8, 2);
        cpuWrites(address, data);
        faults.failNext(CallKind.CREATE_BUFFER, ClError.INVALID_VALUE);
        assertThrows(ClException.class, () -> migrateToDevice(device0, address, 8));
        assertCpuReads(address, data);
        assertMigrates(device0, address, 8);
        assertDeviceReads(device0, address, data, 0);
        assertCpuReads(address, data);
    }
}
