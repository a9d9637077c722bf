package farpage.mm.zonedevice;

import java.lang.foreign.MemorySegment;

/// How a CPU reaches the bytes of device-coherent pages: in place where the device's memory is
/// memory of the host too, else through the driver, byte for byte. What a program sees is the same.
///
/// Entries of page tables are present either way, and no page is moved by an access.
///
/// @kernel mm/memremap.c: the linear map that pagemap_range makes
public sealed interface CpuMapping {
    /// Loads and stores go to the device's memory itself.
    ///
    /// @param memory the pages of the pagemap, one after another
    /// @kernel arch/x86/mm/init_64.c: arch_add_memory
    record InPlace(MemorySegment memory) implements CpuMapping {}

    /// Each load and store is carried out by the driver, and waits for it as for a slow bus. It is
    /// called with a page table's lock held, so it waits for nothing but its device.
    ///
    /// Both ends of a transfer lie within one page. False says that the device failed: the CPU
    /// would see a memory error.
    ///
    /// @kernel None: what the interconnect does
    non-sealed interface ThroughDriver extends CpuMapping {
        /// Bytes of a page, from an offset in it.
        boolean load(long page, long offset, MemorySegment to, long toOffset, long length);

        /// Bytes to a page; those beside them stay as they are, whoever else stores them.
        boolean store(long page, long offset, MemorySegment from, long fromOffset, long length);
    }
}
