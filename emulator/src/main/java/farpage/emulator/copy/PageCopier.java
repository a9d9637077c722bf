package farpage.emulator.copy;

/// Who carries out the copies that migrations ask for, batch by batch. The [CopyEngine] of a device
/// does; a measurement of everything but the copies puts another in its place, and says so.
///
/// It is called with folio locks and the mmap lock held, but never with a page table's lock.
///
/// @kernel mm/migrate.c: folio_mc_copy
public interface PageCopier {
    /// Copies device pages to system pages. Every pair has a source.
    CopyResult toSystem(CopyBatch batch);

    /// Copies device pages to other pages of the same device. Every pair has a source. No page is a
    /// destination twice, or both a source and a destination: who moves pages into places that
    /// others of them leave asks for a batch after the other.
    CopyResult withinDevice(CopyBatch batch);

    /// Starts to copy system pages, or zeros, to device pages. They are the device's until the
    /// fence was waited for; the batch itself can be used again at once.
    CopyFence startToDevice(CopyBatch batch);

    /// Starts what [#toSystem] does, as [#startToDevice].
    CopyFence startToSystem(CopyBatch batch);
}
