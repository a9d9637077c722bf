/// Swap areas: where the contents of anonymous pages go when memory is needed for others.
///
/// [farpage.mm.swap.SwapSpace] knows the areas of the machine. Each [farpage.mm.swap.SwapArea] is
/// an array of slots of one page each, in a [farpage.mm.swap.SwapStorage]: a file, or memory for
/// tests. A slot is in use while swap entries name it, or while a folio stands for it: that folio
/// is in the swap cache, and whoever swaps the page in finds it there instead of reading it again.
///
/// The swap cache is what makes swapping safe while processes share the page: the first one that
/// swaps it in reads it, and all others map the same folio.
@org.jspecify.annotations.NullMarked
package farpage.mm.swap;
