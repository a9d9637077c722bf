/// Memory cgroups: how much memory the processes of a group may use.
///
/// A page is charged to one [farpage.mm.memcg.MemCgroup] from the moment that it gets its contents
/// until it is freed: the group of the process that caused that. The charge follows the contents in
/// a migration, so a page on a device counts as one in system memory does. The memmap keeps the
/// number of the group for each page, the swap areas for each slot.
///
/// The root group has no limit, and pages of processes in it are charged to nothing: a machine
/// without other groups pays one look at a field for each batch of pages.
@org.jspecify.annotations.NullMarked
package farpage.mm.memcg;
