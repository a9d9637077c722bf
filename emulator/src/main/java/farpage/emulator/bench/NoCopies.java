package farpage.emulator.bench;

import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyFence;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.copy.PageCopier;

/// Copies nothing and says that it did. Only for measuring everything but the copies, on memory
/// that nobody looks into.
///
/// @kernel None: a migration without its copy
final class NoCopies implements PageCopier {
    private static final CopyResult COPIED = new CopyResult.Copied();
    private static final CopyFence DONE = () -> COPIED;

    @Override
    public CopyResult toSystem(CopyBatch batch) {
        return COPIED;
    }

    @Override
    public CopyResult withinDevice(CopyBatch batch) {
        return COPIED;
    }

    @Override
    public CopyFence startToDevice(CopyBatch batch) {
        return DONE;
    }

    @Override
    public CopyFence startToSystem(CopyBatch batch) {
        return DONE;
    }
}
