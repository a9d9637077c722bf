package farpage.emulator.workload;

/// How fast a large range migrates both ways, beside what the device itself can do.
///
/// The raw rates are of one plain blocking OpenCL write or read of as many bytes, taken in turn
/// with the migrations, so that both meet the same machine. Every time is the median of several.
///
/// @param bytes size of the range
/// @param toDeviceNanos median time of a migration to the device
/// @param rawWriteNanos median time of a plain write
/// @param toSystemNanos median time of a migration back
/// @param rawReadNanos median time of a plain read
/// @kernel lib/test_hmm.c: MIGRATE_TO_DEV and MIGRATE_TO_SYS, whose copies this measures
public record MigrationRate(
        long bytes, long toDeviceNanos, long rawWriteNanos, long toSystemNanos, long rawReadNanos) {
    public MigrationRate {
        requireTime("toDeviceNanos", toDeviceNanos);
        requireTime("rawWriteNanos", rawWriteNanos);
        requireTime("toSystemNanos", toSystemNanos);
        requireTime("rawReadNanos", rawReadNanos);
    }

    private static void requireTime(String name, long nanos) {
        if (nanos <= 0) {
            throw new IllegalArgumentException(name + ": value=" + nanos + ", limit=1");
        }
    }

    /// Decimal gigabytes a second of the migration to the device.
    public double toDeviceGbps() {
        return (double) bytes / toDeviceNanos;
    }

    /// Decimal gigabytes a second of the plain write.
    public double rawWriteGbps() {
        return (double) bytes / rawWriteNanos;
    }

    /// Decimal gigabytes a second of the migration back.
    public double toSystemGbps() {
        return (double) bytes / toSystemNanos;
    }

    /// Decimal gigabytes a second of the plain read.
    public double rawReadGbps() {
        return (double) bytes / rawReadNanos;
    }
}
