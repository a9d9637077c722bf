package farpage.emulator.copy;

import farpage.mm.migrate.FolioPairs;

/// A way in which a device copies pages of the system to others.
///
/// @opencl clEnqueueNDRangeKernel, clEnqueueWriteBuffer, clEnqueueReadBuffer
interface RamCopyWay extends AutoCloseable {
    /// Copies, and returns when it is done.
    ///
    /// @throws farpage.opencl.ClException if a command fails; some may be under way still
    void copy(FolioPairs folios);

    @Override
    void close();
}
