package farpage.mm.memcg;

import farpage.mm.PageSize;

/// What the pages are that are charged to a group and those within it, in bytes.
///
/// @param anon pages without a file, wherever they are
/// @param file pages of the page cache, shared memory included
/// @param shmem the pages of shared memory among those
/// @param device the pages of either kind that lie on devices
/// @param swapCached pages in memory that a swap slot is kept for
/// @param swap slots in swap areas
/// @kernel mm/memcontrol.c: memory_stat_format
public record MemCgroupStat(
        long anon, long file, long shmem, long device, long swapCached, long swap) {
    static MemCgroupStat ofPages(
            long anon, long file, long shmem, long device, long swapCached, long swap) {
        return new MemCgroupStat(
                PageSize.pageAddress(anon),
                PageSize.pageAddress(file),
                PageSize.pageAddress(shmem),
                PageSize.pageAddress(device),
                PageSize.pageAddress(swapCached),
                PageSize.pageAddress(swap));
    }

    /// As `memory.stat` prints the first of them.
    @Override
    public String toString() {
        return "anon %d%nfile %d%nshmem %d%ndevice %d%nswapcached %d%nswap %d%n"
                .formatted(anon, file, shmem, device, swapCached, swap);
    }
}
