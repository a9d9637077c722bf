/// Where on the machine pages are to be: what `mm/mempolicy.c`, and `move_pages` in `mm/migrate.c`,
/// are in the kernel.
///
/// The machine has one NUMA node, so every system page is where any policy wants it, and these
/// calls move nothing. What they say of pages is the point: pages of devices belong to no node that
/// a process can choose, and are passed over.
@org.jspecify.annotations.NullMarked
package farpage.mm.mempolicy;
