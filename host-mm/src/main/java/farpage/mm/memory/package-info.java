/// System memory and the memmap: what `mm/page_alloc.c` and `struct folio` are in the kernel.
///
/// [farpage.mm.memory.HostMemory] holds the bytes, [farpage.mm.memory.BuddyAllocator] hands out
/// frames, and [farpage.mm.memory.FolioTable] keeps the state of each page, system and device.
@org.jspecify.annotations.NullMarked
package farpage.mm.memory;
