package farpage.emulator.workload;

import farpage.emulator.trace.AccessBatch;
import farpage.emulator.trace.AccessKind;
import farpage.mm.PageSize;
import farpage.opencl.kernel.layout.AccessRecordLayout;
import farpage.opencl.kernel.layout.AccessTaskLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Accesses that a device is to execute, by page: the accesses to one page are one task and keep
/// their order; tasks are independent of each other.
///
/// Accesses are collected as they come, with the hash that each load must give, and laid out in the
/// form of the kernel's buffers once the batch is complete. One thread uses it.
///
/// @kernel drivers/gpu/drm/xe/xe_svm.c: what a page table entry lets a shader do
final class DeviceTasks implements AutoCloseable {
    private static final int NO_TASK = -1;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment tasks;
    private final MemorySegment records;
    private final int taskCountMax;

    // By access, in order of arrival.
    private final AccessBatch accesses;
    private final int[] taskOfAccess;
    private final long[] expectedHash;

    // By task.
    private final long[] pageOfTask;
    private final int[] countOfTask;
    private final boolean[] taskWrites;
    private int taskCount;

    /// Open addressing: page number to task.
    private final int[] table;

    DeviceTasks(int taskCountMax, int accessCountMax) {
        this.taskCountMax = taskCountMax;
        tasks = arena.allocate(AccessTaskLayout.size(taskCountMax), Long.BYTES);
        records = arena.allocate(AccessRecordLayout.size(accessCountMax), Long.BYTES);
        accesses = new AccessBatch(accessCountMax);
        taskOfAccess = new int[accessCountMax];
        expectedHash = new long[accessCountMax];
        pageOfTask = new long[taskCountMax];
        countOfTask = new int[taskCountMax];
        taskWrites = new boolean[taskCountMax];
        table = new int[Integer.highestOneBit(taskCountMax) << 2];
        Arrays.fill(table, NO_TASK);
    }

    void clear() {
        accesses.clear();
        taskCount = 0;
        Arrays.fill(table, NO_TASK);
    }

    boolean isEmpty() {
        return taskCount == 0;
    }

    /// Whether the next access may find no room.
    boolean isFull() {
        return accesses.isFull() || taskCount == taskCountMax;
    }

    /// Appends an access within one page; the batch must not be full.
    ///
    /// @param expected the hash that the access must see; of no use for a store
    void add(long address, int size, byte kind, long sequence, long expected) {
        int index = accesses.count();
        int task = taskOf(PageSize.pageNumber(address));
        accesses.add(address, size, kind, sequence);
        taskOfAccess[index] = task;
        expectedHash[index] = expected;
        countOfTask[task]++;
        taskWrites[task] |= AccessKind.writes(kind);
    }

    private int taskOf(long page) {
        int mask = table.length - 1;
        int slot = (int) ((page * 0x9e3779b97f4a7c15L) >>> 40) & mask;
        while (table[slot] != NO_TASK && pageOfTask[table[slot]] != page) {
            slot = (slot + 1) & mask;
        }
        if (table[slot] == NO_TASK) {
            table[slot] = taskCount;
            pageOfTask[taskCount] = page;
            countOfTask[taskCount] = 0;
            taskWrites[taskCount] = false;
            taskCount++;
        }
        return table[slot];
    }

    /// Lays tasks and records out as the kernel wants them.
    void layOut() {
        int[] next = new int[taskCount];
        int first = 0;
        for (int task = 0; task < taskCount; task++) {
            next[task] = first;
            AccessTaskLayout.set(
                    tasks, task, pageOfTask[task], first, countOfTask[task], taskWrites[task]);
            first += countOfTask[task];
        }
        for (int i = 0; i < accesses.count(); i++) {
            AccessRecordLayout.set(
                    records,
                    next[taskOfAccess[i]]++,
                    recordKind(accesses.kind()[i]),
                    PageSize.offsetInPage(accesses.address()[i]),
                    accesses.size()[i],
                    accesses.sequence()[i],
                    i);
        }
    }

    private static int recordKind(byte kind) {
        return switch (kind) {
            case AccessKind.STORE -> AccessRecordLayout.STORE;
            case AccessKind.MODIFY -> AccessRecordLayout.MODIFY;
            default -> AccessRecordLayout.LOAD;
        };
    }

    int taskCount() {
        return taskCount;
    }

    int accessCount() {
        return accesses.count();
    }

    long page(int task) {
        assert task < taskCount;
        return pageOfTask[task];
    }

    boolean writes(int task) {
        return taskWrites[task];
    }

    /// The tasks in the kernel's layout.
    MemorySegment taskBytes() {
        return tasks.asSlice(0, AccessTaskLayout.size(taskCount));
    }

    /// The records in the kernel's layout.
    MemorySegment recordBytes() {
        return records.asSlice(0, AccessRecordLayout.size(accesses.count()));
    }

    /// Whether an access saw what it must see.
    boolean isRight(int access, long hash) {
        return !AccessKind.reads(accesses.kind()[access]) || expectedHash[access] == hash;
    }

    boolean isLoad(int access) {
        return AccessKind.reads(accesses.kind()[access]);
    }

    String describe(int access) {
        return accesses.describe(access);
    }

    @Override
    public void close() {
        arena.close();
    }
}
