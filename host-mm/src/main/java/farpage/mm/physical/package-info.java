/// The physical address map of a machine, and the two number spaces that device-private pages can
/// be in: windows of that map, as `kernel/resource.c` finds them, or numbers outside it.
@org.jspecify.annotations.NullMarked
package farpage.mm.physical;
