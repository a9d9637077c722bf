/// Reclaim: making frames free when there are none, by moving anonymous pages to swap and dropping
/// those that a process no longer cares for.
///
/// A folio's place among the others is two flags in the memmap, not a node of a list: `LRU` says
/// that reclaim may look at it, `ACTIVE` that it was used repeatedly. A hand goes round over the
/// frames. A folio that it finds inactive and not used since its last visit is reclaimed; where
/// active folios outnumber the inactive ones they become inactive. So nothing is paid when a page
/// is mapped or migrates, and frames become free in runs, which copies to a device live on.
///
/// Pages of devices have no `LRU` flag and are never looked at.
@org.jspecify.annotations.NullMarked
package farpage.mm.reclaim;
