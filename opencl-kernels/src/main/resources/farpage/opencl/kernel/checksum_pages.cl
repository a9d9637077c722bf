#include "common.clh"

/*
 * The checksum of each page, as PageChecksum defines it: word j of the page goes into lane j mod 8,
 * and the eight lanes are folded in order. Eight lanes are one vector, or eight work-items.
 */
#define CHECKSUM_PRIME 0x9FB21C651E98DF25UL
#define CHECKSUM_SHIFT 32

static inline u64 farpage_fold(u64 sum, u64 lane)
{
    return farpage_mix(sum ^ lane);
}

#ifdef FARPAGE_GROUP_PER_PAGE

__kernel void checksum_pages(
        __global const u64 *heap,
        __global const u32 *pages,
        u32 first,
        u32 count,
        __global u64 *sums,
        u32 first_sum,
        u32 page_shift,
        __local u64 *lanes)
{
    u32 page_in_group = get_local_id(0) >> 3;
    u32 lane = get_local_id(0) & 7;
    u32 item = get_group_id(0) * (get_local_size(0) >> 3) + page_in_group;
    u64 state = (lane + 1) * FARPAGE_GOLDEN;
    if (item < count) {
        __global const u64 *page = heap + farpage_page_word(pages[first + item], page_shift);
        u32 words = 1U << (page_shift - 3);
        for (u32 j = lane; j < words; j += 8) {
            state ^= page[j];
            state = (state ^ (state >> CHECKSUM_SHIFT)) * CHECKSUM_PRIME;
        }
    }
    lanes[get_local_id(0)] = state;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item < count && lane == 0) {
        u64 sum = 1UL << page_shift;
        for (u32 k = 0; k < 8; k++)
            sum = farpage_fold(sum, lanes[(page_in_group << 3) + k]);
        sums[first_sum + item] = sum;
    }
}

#else

__kernel void checksum_pages(
        __global const u64 *heap,
        __global const u32 *pages,
        u32 first,
        u32 count,
        __global u64 *sums,
        u32 first_sum,
        u32 page_shift)
{
    u32 item = get_global_id(0);
    if (item >= count)
        return;
    __global const u64 *page = heap + farpage_page_word(pages[first + item], page_shift);
    u32 vectors = 1U << (page_shift - 6);
    ulong8 state = (ulong8)(1, 2, 3, 4, 5, 6, 7, 8) * FARPAGE_GOLDEN;
    for (u32 i = 0; i < vectors; i++) {
        state ^= vload8(i, page);
        state = (state ^ (state >> CHECKSUM_SHIFT)) * CHECKSUM_PRIME;
    }
    u64 sum = 1UL << page_shift;
    sum = farpage_fold(sum, state.s0);
    sum = farpage_fold(sum, state.s1);
    sum = farpage_fold(sum, state.s2);
    sum = farpage_fold(sum, state.s3);
    sum = farpage_fold(sum, state.s4);
    sum = farpage_fold(sum, state.s5);
    sum = farpage_fold(sum, state.s6);
    sum = farpage_fold(sum, state.s7);
    sums[first_sum + item] = sum;
}

#endif
