/// The memory of a device: OpenCL buffers cut into pages.
///
/// [farpage.emulator.devmem.DeviceMemory] makes [farpage.emulator.devmem.DeviceChunk]s on demand up
/// to a limit. Each is one buffer, one registered stretch of device pages and one allocator, so the
/// bytes of a page are found by subtraction. [farpage.emulator.devmem.Evictor] makes room when the
/// limit is reached, by moving what was migrated longest ago back to system memory.
@org.jspecify.annotations.NullMarked
package farpage.emulator.devmem;
