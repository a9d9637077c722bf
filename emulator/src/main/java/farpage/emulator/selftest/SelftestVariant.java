package farpage.emulator.selftest;

import java.util.Locale;

/// The kind of device memory that a case runs on. Every case runs on both.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: FIXTURE_VARIANT
enum SelftestVariant {
    /// Devices 0 and 1, whose memory the CPU can not map.
    DEVICE_PRIVATE(0),
    /// Devices 2 and 3, whose memory the CPU maps.
    DEVICE_COHERENT(2);

    private final int firstDevice;

    SelftestVariant(int firstDevice) {
        this.firstDevice = firstDevice;
    }

    int firstDevice() {
        return firstDevice;
    }

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
