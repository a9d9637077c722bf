package farpage.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.opencl.ClBinding;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClDeviceInfo;
import farpage.opencl.ClPlatform;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

abstract class ClDevicesContract extends ClContract {
    @Test
    void platformsHaveNamesAndDevices() {
        for (ClPlatform platform : binding.platforms()) {
            assertFalse(platform.name().isEmpty());
            assertFalse(platform.vendor().isEmpty());
            assertTrue(platform.version().startsWith("OpenCL "), platform.version());
        }
    }

    @Test
    void deviceTellsItsLimits() {
        ClDeviceInfo info = device.info();
        assertFalse(info.name().isEmpty());
        assertEquals(info.name(), info.name().strip());
        assertFalse(info.vendor().isEmpty());
        assertFalse(info.driverVersion().isEmpty());
        assertTrue(info.isVersion(1, 2), info.deviceVersion());
        assertTrue(info.languageVersion().startsWith("OpenCL C "), info.languageVersion());
        assertTrue(info.computeUnits() >= 1);
        assertTrue(info.globalMemory() >= 64L << 20);
        assertTrue(info.maxAllocation() >= 16L << 20);
        assertTrue(info.maxAllocation() <= info.globalMemory());
        assertTrue(info.localMemory() >= 16L << 10);
        assertTrue(info.maxWorkGroupSize() >= 1);
        assertEquals(1, Integer.bitCount(info.baseAddressAlignment()));
        assertTrue(info.baseAddressAlignment() >= 16, "at least a long16");
        assertEquals(64, info.addressBits());
        assertTrue(info.hasExtension("cl_khr_byte_addressable_store"), "needs bytes");
    }

    @Test
    void deviceIsUsable() {
        assertEquals(Optional.empty(), device.info().obstacle());
    }

    @Test
    void askingAgainGivesTheSameObjects() {
        assertSame(device, binding.devices().getFirst());
        assertSame(device.info(), device.info());
        assertTrue(binding.platforms().contains(device.platform()));
        assertTrue(device.platform().devices().contains(device));
    }

    @Test
    void contextListsItsDevices() {
        assertEquals(List.of(device), context.devices());
        assertSame(device, queue.device());
    }

    @Test
    void contextNeedsADevice() {
        assertThrows(IllegalArgumentException.class, () -> binding.createContext());
    }

    @Test
    void deviceOfAnotherBindingIsRefused() {
        try (ClBinding other = open()) {
            ClDevice foreign = other.devices().getFirst();
            assertThrows(
                    IllegalArgumentException.class, () -> context.createQueue(foreign).close());
        }
    }

    @Test
    void closedBindingIsOfNoUse() {
        ClBinding other = open();
        other.close();
        other.close();
        assertThrows(IllegalStateException.class, other::platforms);
        assertThrows(IllegalStateException.class, () -> other.createContext(device).close());
    }

    @Test
    void contextOutlivesItsBinding() {
        ClBinding other = open();
        ClDevice first = other.devices().getFirst();
        try (ClContext survivor = other.createContext(first)) {
            other.close();
            survivor.createBuffer(PAGE).close();
            assertEquals(List.of(), survivor.openObjects());
        }
    }
}
