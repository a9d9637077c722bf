/// Making huge pages of small ones: what `mm/khugepaged.c` is in the kernel.
///
/// A *collapse* replaces whatever the 512 entries of a page table map by one fresh folio with
/// copies of their contents, and the entries by one huge mapping. Swapped pages, and pages on
/// devices whose memory no CPU reaches, are brought in first, one by one, by the faults that would
/// do it. Nobody but mappings may refer to the pages: who does goes on with a page that is mapped
/// no more.
///
/// A process asks for it by `MADV_COLLAPSE`, which counts nothing and is bound by no limit;
/// [farpage.mm.khugepaged.Khugepaged] looks for places by itself, within limits. Both say what came
/// of an attempt by a [farpage.mm.khugepaged.ScanResult].
@org.jspecify.annotations.NullMarked
package farpage.mm.khugepaged;
