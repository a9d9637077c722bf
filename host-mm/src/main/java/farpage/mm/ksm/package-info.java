/// Same-page merging: pages of equal contents, of processes that advised it, become one page that
/// nobody may write. What `mm/ksm.c` is in the kernel.
///
/// [farpage.mm.ksm.Ksm] knows the processes and runs the passes. A pass visits every candidate
/// page: `KsmScan` finds the next one, `KsmMerge` looks for its contents in the stable tree, which
/// holds the merged pages, and in the unstable tree, which holds the pages that have not changed
/// lately, and `MergePage` changes the entries. Whoever writes a merged page gets a copy by the
/// ordinary copy-on-write fault; `BreakKsm` causes that fault where a merge is to be undone.
///
/// A merged page points to its [farpage.mm.ksm.StableNode], which is its reverse map. So it
/// migrates like any other page, to a device as well. While it is there its contents are out of
/// reach, and nothing is compared with it or merged into it.
@org.jspecify.annotations.NullMarked
package farpage.mm.ksm;
