/// A device's view of one process: its own page table and how it is kept true.
///
/// A [farpage.emulator.mirror.ProcessMirror] holds a [farpage.emulator.mirror.DevicePageTable] and
/// the interval notifier that keeps it from going stale. Entries are filled by the protocol of
/// `hmm_range_fault`, or by a migration between its *pages* and *finish*. They hold no references:
/// the notifier says in time when a page goes away.
@org.jspecify.annotations.NullMarked
package farpage.emulator.mirror;
