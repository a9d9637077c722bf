package farpage.mm.migrate;

/// How far a folio of a batch has come.
///
/// @kernel mm/migrate.c: enum { PAGE_WAS_MAPPED, PAGE_WAS_MLOCKED }, folio_add_lru
enum FolioStep {
    /// Isolated; nothing else was done.
    ISOLATED,
    /// Locked and unmapped, with a destination that is locked too.
    UNMAPPED,
    /// The destination has the contents.
    COPIED,
    /// The batch has nothing to do with it any more.
    DONE;

    /// Whether the folio may come from here to there. One that can not move is isolated again.
    boolean precedes(FolioStep next) {
        return switch (this) {
            case ISOLATED -> next == UNMAPPED || next == DONE;
            case UNMAPPED -> next == COPIED || next == ISOLATED;
            case COPIED -> next == DONE || next == ISOLATED;
            case DONE -> false;
        };
    }
}
