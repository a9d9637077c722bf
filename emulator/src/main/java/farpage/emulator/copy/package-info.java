/// Movement of page contents between system memory and device memory.
///
/// A [farpage.emulator.copy.CopyBatch] lists (source, destination) pairs. A
/// [farpage.emulator.copy.CopyEngine] cuts it into pieces and carries them out the way that its
/// [farpage.emulator.copy.CopyPlan] says: by commands, by a kernel that works on RAM in place,
/// through staging memory, or by mapping; moves within the device by a kernel or commands. What an
/// OpenCL device can do of that is tried once, and kept with what its engines share in a
/// [farpage.emulator.copy.CopyDevice]. Several batches may be under way, each with a
/// [farpage.emulator.copy.CopyFence]; a [farpage.emulator.copy.CopyResult] says what arrived.
///
/// Copies within RAM, for ordinary migrations, are the business of a
/// [farpage.emulator.copy.FolioCopier], chosen by a [farpage.emulator.copy.MigrateOffloadPlan].
///
/// The engine knows nothing of page tables or folios: whoever asks for a copy keeps the pages still
/// until it is done.
@org.jspecify.annotations.NullMarked
package farpage.emulator.copy;
