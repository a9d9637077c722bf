/// Linux memory management as a model: one machine with its RAM, its memmap and its processes.
///
/// [farpage.mm.Machine] is the machine. [farpage.mm.Mm] is one process's mappings, changed by
/// `mmap`, `munmap`, `mprotect` and `fork`. [farpage.mm.CpuAccess] loads and stores as a CPU of
/// that process would: it translates, faults and tries again. Everything else serves these: the
/// memmap and the allocator in `memory`, page tables in `pagetable`, faults in `fault`, the reverse
/// map in `rmap`, mirrors in `notifier` and `hmm`, movement in `migrate`, device pages in
/// `zonedevice`.
///
/// The life of an anonymous page: a store faults; `fault` takes a frame from `memory`, installs a
/// present entry and gives the page its reverse map; `migrate` replaces the entry by a migration
/// entry, lets a driver copy the bytes, and installs a device-private entry for the device page; a
/// CPU touches it; `fault` hands the page to the driver, which migrates it back.
///
/// The order of locks is that of [farpage.mm.lock.LockRank].
@org.jspecify.annotations.NullMarked
package farpage.mm;
