#include "common.clh"
#include "layout.clh"

/*
 * Copies pages of one buffer to another, each from and to where its pair says. Both buffers begin
 * at a page boundary of memory. With FARPAGE_NON_TEMPORAL what is written bypasses the caches.
 *
 * A processor's own prefetcher stops where a page ends. So a work-item that goes through a page
 * asks for the next pair's page meanwhile, where the compiler knows how.
 */
#ifdef FARPAGE_NON_TEMPORAL
#define COPY_STORE(value, pointer, index) \
    __builtin_nontemporal_store(value, (__global FARPAGE_VECTOR *)(pointer) + (index))
#else
#define COPY_STORE(value, pointer, index) \
    (((__global FARPAGE_VECTOR *)(pointer))[index] = (value))
#endif

#ifdef __has_builtin
#if __has_builtin(__builtin_prefetch) && !defined(FARPAGE_GROUP_PER_PAGE)
#define COPY_PREFETCH(pointer) __builtin_prefetch(pointer)
#endif
#endif
#ifndef COPY_PREFETCH
#define COPY_PREFETCH(pointer)
#endif

__kernel void copy_pages(
        __global const u64 *from,
        __global u64 *to,
        __global const page_pair *pairs,
        u32 first,
        u32 count,
        u32 page_shift)
{
    u32 item = FARPAGE_PAGE_OF_ITEM;
    if (item >= count)
        return;
    page_pair pair = pairs[first + item];
    __global u64 *target = to + farpage_page_word(pair.destination, page_shift);
    u32 vectors = 1U << (page_shift - FARPAGE_VECTOR_SHIFT);
    if (pair.source == PAGE_PAIR_ZERO) {
        FARPAGE_VECTOR zero = (FARPAGE_VECTOR)(0);
        for (u32 i = FARPAGE_FIRST_VECTOR; i < vectors; i += FARPAGE_VECTOR_STEP)
            COPY_STORE(zero, target, i);
        return;
    }
    __global const FARPAGE_VECTOR *source =
            (__global const FARPAGE_VECTOR *)(from + farpage_page_word(pair.source, page_shift));
    u32 next_source = item + 1 < count ? pairs[first + item + 1].source : pair.source;
    if (next_source == PAGE_PAIR_ZERO)
        next_source = pair.source;
    __global const FARPAGE_VECTOR *next =
            (__global const FARPAGE_VECTOR *)(from + farpage_page_word(next_source, page_shift));
    for (u32 i = FARPAGE_FIRST_VECTOR; i < vectors; i += FARPAGE_VECTOR_STEP) {
        COPY_PREFETCH(next + i);
        COPY_STORE(source[i], target, i);
    }
}
