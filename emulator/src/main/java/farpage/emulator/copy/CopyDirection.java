package farpage.emulator.copy;

/// Which side of the pairs of a batch lies in the device's memory.
///
/// @opencl clEnqueueWriteBuffer, clEnqueueReadBuffer, clEnqueueCopyBuffer
enum CopyDirection {
    TO_DEVICE,
    TO_SYSTEM,
    WITHIN_DEVICE
}
