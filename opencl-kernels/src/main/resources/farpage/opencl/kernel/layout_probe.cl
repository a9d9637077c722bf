#include "common.clh"
#include "layout.clh"

/* Reports how this device lays out the shared structures, in the order that LayoutProbe expects. */
#define OFFSET(type, field) ((u32)((size_t)&((__private type *)0)->field))

__kernel void layout_probe(__global u32 *report, u32 capacity)
{
    if (get_global_id(0) != 0)
        return;
    u32 values[] = {
        sizeof(access_record),
        OFFSET(access_record, sequence),
        OFFSET(access_record, result),
        OFFSET(access_record, offset),
        OFFSET(access_record, size_and_kind),
        ACCESS_SIZE_MASK,
        ACCESS_KIND_SHIFT,
        ACCESS_LOAD,
        ACCESS_STORE,
        ACCESS_MODIFY,
        sizeof(access_task),
        OFFSET(access_task, virtual_page),
        OFFSET(access_task, first_record),
        OFFSET(access_task, count_and_write),
        TASK_WRITE_BIT,
        sizeof(fault_record),
        OFFSET(fault_record, task),
        OFFSET(fault_record, kind),
        FAULT_READ,
        FAULT_WRITE,
        sizeof(fault_header),
        OFFSET(fault_header, count),
        PTE_VALID,
        PTE_WRITE,
        PTE_PAGE_MASK,
        sizeof(page_pair),
        OFFSET(page_pair, source),
        OFFSET(page_pair, destination),
        PAGE_PAIR_ZERO,
        sizeof(u32),
        sizeof(u64),
    };
    u32 count = sizeof(values) / sizeof(values[0]);
    for (u32 i = 0; i < count && i < capacity; i++)
        report[1 + i] = values[i];
    report[0] = count;
}
