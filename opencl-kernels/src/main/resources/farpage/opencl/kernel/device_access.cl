#include "common.clh"
#include "layout.clh"

/*
 * Executes a program's accesses, one work-item for all accesses of a batch to one page, in order.
 * A task whose page table entry does not allow what it needs appends a fault and touches nothing,
 * so it can be launched again with a new entry; a task that ran is marked and skipped from then on.
 *
 * The heap is one chunk of device memory: entries of other chunks are left to their launches.
 */

/* Eight bytes that a store with this sequence number writes, from byte 8 * group of the access. */
static inline u64 access_value(u64 sequence, u32 group, u64 seed)
{
    return farpage_mix((sequence + group * FARPAGE_GOLDEN) ^ seed);
}

static inline u64 access_hash(u64 hash, u8 byte)
{
    return (hash ^ byte) * FARPAGE_FNV_PRIME;
}

static u64 access_load(__global const u8 *bytes, u32 size)
{
    u64 hash = FARPAGE_FNV_OFFSET;
    for (u32 k = 0; k < size; k++)
        hash = access_hash(hash, bytes[k]);
    return hash;
}

static void access_store(__global u8 *bytes, u32 size, u64 sequence, u64 seed)
{
    u64 value = 0;
    for (u32 k = 0; k < size; k++) {
        value = (k & 7) == 0 ? access_value(sequence, k >> 3, seed) : value >> 8;
        bytes[k] = (u8)value;
    }
}

static u64 access_modify(__global u8 *bytes, u32 size, u64 sequence, u64 seed)
{
    u64 hash = FARPAGE_FNV_OFFSET;
    u64 value = 0;
    for (u32 k = 0; k < size; k++) {
        u8 old = bytes[k];
        hash = access_hash(hash, old);
        value = (k & 7) == 0 ? access_value(sequence, k >> 3, seed) : value >> 8;
        bytes[k] = old ^ (u8)value;
    }
    return hash;
}

__kernel void device_access(
        __global const access_task *tasks,
        u32 task_count,
        __global const access_record *records,
        __global const u32 *ptes,
        __global u8 *heap,
        __global u64 *results,
        __global fault_header *faults,
        u32 fault_capacity,
        __global u8 *done,
        u64 seed,
        u32 page_shift,
        u32 chunk,
        u32 chunk_pages,
        u32 report_faults)
{
    u32 index = get_global_id(0);
    if (index >= task_count || done[index])
        return;
    u32 count_and_write = tasks[index].count_and_write;
    bool writes = (count_and_write & TASK_WRITE_BIT) != 0;
    u32 pte = ptes[index];
    if (!(pte & PTE_VALID) || (writes && !(pte & PTE_WRITE))) {
        if (report_faults) {
            u32 slot = atomic_inc(&faults->count);
            if (slot < fault_capacity) {
                __global fault_record *ring = (__global fault_record *)(faults + 1);
                ring[slot].task = index;
                ring[slot].kind = writes ? FAULT_WRITE : FAULT_READ;
            }
        }
        return;
    }
    u32 page = pte & PTE_PAGE_MASK;
    if (page / chunk_pages != chunk)
        return;
    __global u8 *base = heap + ((u64)(page - chunk * chunk_pages) << page_shift);
    u32 first = tasks[index].first_record;
    u32 end = first + (count_and_write & ~TASK_WRITE_BIT);
    for (u32 i = first; i < end; i++) {
        u64 sequence = records[i].sequence;
        u32 size_and_kind = records[i].size_and_kind;
        u32 size = size_and_kind & ACCESS_SIZE_MASK;
        __global u8 *bytes = base + records[i].offset;
        switch (size_and_kind >> ACCESS_KIND_SHIFT) {
        case ACCESS_LOAD:
            results[records[i].result] = access_load(bytes, size);
            break;
        case ACCESS_STORE:
            access_store(bytes, size, sequence, seed);
            break;
        case ACCESS_MODIFY:
            results[records[i].result] = access_modify(bytes, size, sequence, seed);
            break;
        }
    }
    done[index] = 1;
}
