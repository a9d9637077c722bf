/// Huge pages: what `mm/huge_memory.c` is in the kernel.
///
/// A *large folio* is a power of two of pages that is allocated, referenced, locked, migrated and
/// freed as one; a *huge mapping* is one entry of the PMD level that maps a folio of 2 MiB. The two
/// are split apart: [farpage.mm.hugememory.SplitPmd] cuts a mapping into 512 entries and leaves the
/// folio as it is, [farpage.mm.hugememory.SplitFolio] cuts the folio into smaller ones.
///
/// Which sizes a process gets is decided by [farpage.mm.hugememory.HugePages] and by the flags of
/// the VMA. Sizes below 2 MiB are mapped by entries of their own.
@org.jspecify.annotations.NullMarked
package farpage.mm.hugememory;
