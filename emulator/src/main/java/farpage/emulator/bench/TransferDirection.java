package farpage.emulator.bench;

/// Where bytes go.
///
/// @opencl clEnqueueWriteBuffer, clEnqueueReadBuffer, clEnqueueCopyBuffer
public enum TransferDirection {
    /// From the host to the device.
    H2D("h2d"),
    /// From the device to the host.
    D2H("d2h"),
    /// From one place of the device to another.
    D2D("d2d");

    private final String label;

    TransferDirection(String label) {
        this.label = label;
    }

    /// The name in reports.
    public String label() {
        return label;
    }

    @Override
    public String toString() {
        return label;
    }
}
