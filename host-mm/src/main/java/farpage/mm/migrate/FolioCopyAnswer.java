package farpage.mm.migrate;

/// What became of a batch that was offered to a [FolioCopyOffload].
///
/// @kernel include/linux/dmaengine.h: enum dma_status
public enum FolioCopyAnswer {
    /// Every page was copied.
    COPIED,
    /// It has other things to do; nothing was copied.
    BUSY,
    /// It failed. Nothing may be assumed about any destination, the sources are as they were, and
    /// nothing is under way any more.
    FAILED
}
