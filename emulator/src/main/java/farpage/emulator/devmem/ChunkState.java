package farpage.emulator.devmem;

/// The life of a chunk of device memory.
///
/// ```
/// ACTIVE ──release()──> DRAINING ──empty──> RELEASED
///    ^                      │
///    └──── pages stayed ────┘
/// ```
///
/// All changes happen under the device's `DRIVER_SVM` lock.
///
/// @kernel lib/test_hmm.c: struct dmirror_chunk, remove
public enum ChunkState {
    /// Pages are allocated from it and freed to it.
    ACTIVE,
    /// Its free pages are held back and its pages in use are being moved out.
    DRAINING,
    /// Its pages are no more and its buffer is closed.
    RELEASED;

    public boolean canBecome(ChunkState next) {
        return switch (this) {
            case ACTIVE -> next == DRAINING;
            case DRAINING -> next == ACTIVE || next == RELEASED;
            case RELEASED -> false;
        };
    }
}
