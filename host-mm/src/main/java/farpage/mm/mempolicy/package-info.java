/// Where on the machine pages are to be: what `mm/mempolicy.c`, and `move_pages` in `mm/migrate.c`,
/// are in the kernel.
///
/// On a machine with one node every system page is where any policy wants it, and these calls move
/// nothing. With several, a range or a process may name the nodes that its pages come from, and
/// pages move to the node that is named for them. Pages of devices belong to no node that a process
/// can choose, and are passed over.
@org.jspecify.annotations.NullMarked
package farpage.mm.mempolicy;
