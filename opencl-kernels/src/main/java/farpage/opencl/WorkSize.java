package farpage.opencl;

/// A one-dimensional global and local work size. A local size of 0 leaves the choice to the device.
///
/// Before OpenCL 2.0 the global size had to be a multiple of the local size, and devices may still
/// ask for it, so kernels check `get_global_id` against a count and launches are rounded up.
///
/// @param global work-items in all
/// @param local work-items in a work-group
/// @opencl clEnqueueNDRangeKernel, global_work_size and local_work_size
public record WorkSize(long global, long local) {
    /// Checks that the global size is a positive multiple of the local size.
    public WorkSize {
        if (global <= 0) {
            throw new IllegalArgumentException("WorkSize: global=" + global + ", limit=1");
        }
        if (local < 0) {
            throw new IllegalArgumentException("WorkSize: local=" + local + ", limit=0");
        }
        if (local != 0 && global % local != 0) {
            throw new IllegalArgumentException(
                    "WorkSize: global=" + global + ", limit=a multiple of " + local);
        }
    }

    /// One work-item for each of `count` things, the work-group size left to the device.
    public static WorkSize perItem(long count) {
        return new WorkSize(count, 0);
    }

    /// At least one work-item for each of `count` things, in work-groups of a fixed size. A
    /// compiler that makes a program for each work-group size, as PoCL's does, then makes one only;
    /// left to itself the device chooses another size for nearly every count.
    public static WorkSize covering(long count, int local) {
        return new WorkSize(Math.multiplyExact(Math.ceilDiv(count, (long) local), local), local);
    }

    /// One work-group of `local` work-items for each of `count` things.
    public static WorkSize perGroup(long count, long local) {
        return new WorkSize(Math.multiplyExact(count, local), local);
    }
}
