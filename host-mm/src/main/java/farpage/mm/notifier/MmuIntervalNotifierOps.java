package farpage.mm.notifier;

/// What a mirroring driver does when mappings in its interval change.
///
/// @kernel include/linux/mmu_notifier.h: struct mmu_interval_notifier_ops
@FunctionalInterface
public interface MmuIntervalNotifierOps {
    /// Called before the mappings change, with any of MMAP, FOLIO and ANON_VMA held by the caller,
    /// and never with a page table's lock. Under the driver's lock it must call
    /// [MmuIntervalNotifier#setSequence(long)] and drop every mirrored entry of the range; only a
    /// driver that knows its own event by the owner may do neither.
    ///
    /// @return false if the range is not blockable and the driver's lock is busy; then nothing was
    ///   changed
    boolean invalidate(MmuIntervalNotifier notifier, MmuNotifierRange range, long sequence);
}
