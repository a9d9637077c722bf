#include "common.clh"

/* Copies consecutive pages of a staging buffer to where they belong in the heap. */
__kernel void scatter_pages(
        __global u64 *heap,
        __global const u32 *pages,
        u32 first,
        u32 count,
        __global const u64 *staging,
        u32 staging_page,
        u32 page_shift)
{
    u32 item = FARPAGE_PAGE_OF_ITEM;
    if (item >= count)
        return;
    __global const u64 *source = staging + farpage_page_word(staging_page + item, page_shift);
    __global u64 *target = heap + farpage_page_word(pages[first + item], page_shift);
    u32 vectors = 1U << (page_shift - FARPAGE_VECTOR_SHIFT);
    for (u32 i = FARPAGE_FIRST_VECTOR; i < vectors; i += FARPAGE_VECTOR_STEP)
        FARPAGE_STORE(FARPAGE_LOAD(source, i), target, i);
}
