#include "common.clh"

/* Clears pages of the heap. */
__kernel void zero_pages(
        __global u64 *heap, __global const u32 *pages, u32 first, u32 count, u32 page_shift)
{
    u32 item = FARPAGE_PAGE_OF_ITEM;
    if (item >= count)
        return;
    __global u64 *target = heap + farpage_page_word(pages[first + item], page_shift);
    u32 vectors = 1U << (page_shift - FARPAGE_VECTOR_SHIFT);
    for (u32 i = FARPAGE_FIRST_VECTOR; i < vectors; i += FARPAGE_VECTOR_STEP)
        FARPAGE_STORE((FARPAGE_VECTOR)(0), target, i);
}
