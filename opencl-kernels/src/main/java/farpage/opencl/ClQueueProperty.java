package farpage.opencl;

/// A property of a queue, given when it is created.
///
/// @opencl cl_command_queue_properties
public enum ClQueueProperty {
    /// Commands may run in any order that their wait lists and barriers allow.
    OUT_OF_ORDER(1),
    /// Events carry times.
    PROFILING(2);

    private final long bit;

    ClQueueProperty(long bit) {
        this.bit = bit;
    }

    /// The value of CL_QUEUE_... in the C headers.
    public long bit() {
        return bit;
    }

    /// Several properties as one bit field.
    public static long bits(ClQueueProperty... properties) {
        long bits = 0;
        for (ClQueueProperty property : properties) {
            bits |= property.bit;
        }
        return bits;
    }
}
