package farpage.emulator.copy;

/// What one copy engine has done so far.
///
/// @param toDevice migrations to the device
/// @param toSystem migrations back, evictions included
/// @param withinDevice moves from one place of the device's memory to another
/// @param deviceReads the device's own loads through the engine
/// @param deviceWrites the device's own stores through the engine
/// @param failures batches that failed
/// @opencl Profiling information of a queue, summed
public record CopyStatistics(
        CopyCounters toDevice,
        CopyCounters toSystem,
        CopyCounters withinDevice,
        CopyCounters deviceReads,
        CopyCounters deviceWrites,
        long failures) {}
