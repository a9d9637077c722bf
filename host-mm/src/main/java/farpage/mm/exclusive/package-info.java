/// Device-exclusive access: a device works on a page of system memory, with atomic operations for
/// instance, while no CPU can reach it.
///
/// The page stays where it is. Only its entry changes, to a form that the CPU faults on, and the
/// mapping keeps its reference, its map count and its place in the count of pages. Whatever the CPU
/// does with the entry next takes the page away from the device again, after the device was told.
@org.jspecify.annotations.NullMarked
package farpage.mm.exclusive;
