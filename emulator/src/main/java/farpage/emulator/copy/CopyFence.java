package farpage.emulator.copy;

/// A batch that the device is copying. Whoever started it waits for it exactly once.
///
/// @opencl clEnqueueMarkerWithWaitList
@FunctionalInterface
public interface CopyFence {
    /// Waits until the batch is done, or has failed and nothing of it is under way any more.
    CopyResult await();
}
