package farpage.mm.notifier;

import org.jspecify.annotations.Nullable;

/// One change of mappings that mirrors must hear of before it happens.
///
/// @param start first address, a page boundary
/// @param end first address after the range
/// @param event why
/// @param owner for `MIGRATE` and `EXCLUSIVE`, who causes it, compared by identity: a mirror of the
///   same owner may ignore the event; else null
/// @param blockable whether the callback may wait
/// @kernel include/linux/mmu_notifier.h: struct mmu_notifier_range
public record MmuNotifierRange(
        long start, long end, Event event, @Nullable Object owner, boolean blockable) {

    /// Why mappings change.
    ///
    /// @kernel include/linux/mmu_notifier.h: enum mmu_notifier_event
    public enum Event {
        UNMAP,
        CLEAR,
        PROTECTION_VMA,
        PROTECTION_PAGE,
        SOFT_DIRTY,
        RELEASE,
        MIGRATE,
        EXCLUSIVE
    }

    public static MmuNotifierRange of(Event event, long start, long end) {
        return new MmuNotifierRange(start, end, event, null, true);
    }

    public static MmuNotifierRange migrate(long start, long end, @Nullable Object owner) {
        return new MmuNotifierRange(start, end, Event.MIGRATE, owner, true);
    }

    /// A page is about to be taken away from the CPUs.
    ///
    /// @kernel mm/rmap.c: make_device_exclusive
    public static MmuNotifierRange exclusive(long start, long end, @Nullable Object owner) {
        return new MmuNotifierRange(start, end, Event.EXCLUSIVE, owner, true);
    }
}
