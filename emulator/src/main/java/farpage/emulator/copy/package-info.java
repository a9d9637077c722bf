/// Movement of page contents between system memory and device memory.
///
/// A [farpage.emulator.copy.CopyBatch] lists (source, destination) pairs; a
/// [farpage.emulator.copy.CopyEngine] joins neighbouring pairs into runs, sends long runs as one
/// command each straight from or to the machine's RAM, takes the scattered rest through staging
/// buffers, and waits once for the whole batch. It knows nothing of page tables or folios: whoever
/// asks for a copy keeps the pages still until it is done.
@org.jspecify.annotations.NullMarked
package farpage.emulator.copy;
