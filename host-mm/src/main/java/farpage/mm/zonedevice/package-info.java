/// Device pages as the memory manager sees them: what `mm/memremap.c` and
/// `include/linux/memremap.h` are in the kernel.
///
/// A driver registers a [farpage.mm.zonedevice.DevicePagemap] for pages that it owns and supplies
/// [farpage.mm.zonedevice.DevicePagemapOps]. The pages have numbers of their own
/// ([farpage.mm.Page]). No CPU can reach device-private pages; device-coherent ones are mapped by
/// present entries, and a [farpage.mm.zonedevice.CpuMapping] says how loads and stores get to their
/// bytes.
@org.jspecify.annotations.NullMarked
package farpage.mm.zonedevice;
