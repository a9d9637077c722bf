/// How a driver that mirrors a process learns that mappings change: what `mm/mmu_notifier.c` is in
/// the kernel, interval notifiers only.
///
/// The protocol, from the driver's side: read the sequence, look at the mappings, take the driver's
/// own lock, and use what was seen only if the sequence is still the same. The callback takes the
/// same lock, stores the new sequence, and drops what it covers.
@org.jspecify.annotations.NullMarked
package farpage.mm.notifier;
