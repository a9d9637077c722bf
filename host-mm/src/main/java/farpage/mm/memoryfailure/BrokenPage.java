package farpage.mm.memoryfailure;

/// What a broken page was used for, as far as that decides what can be done about it.
///
/// @kernel include/linux/mm.h: enum mf_action_page_type
public enum BrokenPage {
    /// Not the memory of any process or file.
    KERNEL,
    /// In somebody's hands, so that nothing can be said about it: a page in migration, for
    /// instance.
    UNHANDLABLE,
    FREE,
    ALREADY_POISONED,
    UNMAP_FAILED,
    /// Part of a large folio that could not be split, because somebody holds it.
    UNSPLIT_THP,
    DIRTY_SWAPCACHE,
    CLEAN_SWAPCACHE,
    DIRTY_LRU,
    CLEAN_LRU,
    /// It left its file, and nobody uses it any more.
    TRUNCATED_LRU,
    /// A page of a device.
    DEVICE,
    UNKNOWN
}
