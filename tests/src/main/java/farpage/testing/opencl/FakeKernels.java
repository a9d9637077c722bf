package farpage.testing.opencl;

import farpage.opencl.kernel.AccessContents;
import farpage.opencl.kernel.PageChecksum;
import farpage.opencl.kernel.layout.AccessRecordLayout;
import farpage.opencl.kernel.layout.AccessTaskLayout;
import farpage.opencl.kernel.layout.DevicePteLayout;
import farpage.opencl.kernel.layout.FaultRecordLayout;
import farpage.opencl.kernel.layout.PageListLayout;
import farpage.opencl.kernel.layout.PagePairLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The Java twins of the kernels. A signature has a letter for each argument: B a buffer, I four
/// bytes, L eight, X local memory.
///
/// @opencl The kernels of farpage.opencl.kernel
enum FakeKernels {
    /// gather_pages.cl.
    GATHER_PAGES("BBIIBII") {
        @Override
        void run(Arguments arguments, int items) {
            copyPages(arguments, items, true);
        }
    },
    /// scatter_pages.cl.
    SCATTER_PAGES("BBIIBII") {
        @Override
        void run(Arguments arguments, int items) {
            copyPages(arguments, items, false);
        }
    },
    /// copy_pages.cl.
    COPY_PAGES("BBBIII") {
        @Override
        void run(Arguments arguments, int items) {
            int shift = arguments.number(5);
            int count = Math.min(items, arguments.number(4));
            for (int i = 0; i < count; i++) {
                copyPair(arguments, arguments.number(3) + i, shift);
            }
        }
    },
    /// zero_pages.cl.
    ZERO_PAGES("BBIII") {
        @Override
        void run(Arguments arguments, int items) {
            int count = Math.min(items, arguments.number(3));
            for (int i = 0; i < count; i++) {
                arguments.listedPage(i, arguments.number(4)).fill((byte) 0);
            }
        }
    },
    /// checksum_pages.cl.
    CHECKSUM_PAGES("BBIIBII") {
        @Override
        String signature(boolean groupPerPage) {
            return groupPerPage ? "BBIIBIIX" : "BBIIBII";
        }

        @Override
        int itemsOf(long global, long local, boolean groupPerPage) {
            return Math.toIntExact(groupPerPage ? global / 8 : global);
        }

        @Override
        void run(Arguments arguments, int items) {
            int count = Math.min(items, arguments.number(3));
            for (int i = 0; i < count; i++) {
                MemorySegment page = arguments.listedPage(i, arguments.number(6));
                long sum = PageChecksum.of(page, 0, page.byteSize());
                long slot = arguments.number(5) + (long) i;
                arguments.buffer(4).setAtIndex(ValueLayout.JAVA_LONG, slot, sum);
            }
        }
    },
    /// device_access.cl.
    DEVICE_ACCESS("BIBBBBBIBLIIII") {
        @Override
        int itemsOf(long global, long local, boolean groupPerPage) {
            return Math.toIntExact(global);
        }

        @Override
        void run(Arguments arguments, int items) {
            int count = Math.min(items, arguments.number(1));
            for (int task = 0; task < count; task++) {
                runTask(arguments, task);
            }
        }
    };

    private final String signature;

    FakeKernels(String signature) {
        this.signature = signature;
    }

    /// The arguments of one launch.
    record Arguments(List<Object> values) {
        MemorySegment buffer(int index) {
            return ((FakeObject.Buffer) values.get(index)).memory;
        }

        int number(int index) {
            return (Integer) values.get(index);
        }

        long longNumber(int index) {
            return (Long) values.get(index);
        }

        /// The i-th page of the list, in the heap that is the first argument.
        MemorySegment listedPage(int i, int pageShift) {
            long page = PageListLayout.get(buffer(1), number(2) + i);
            return buffer(0).asSlice(page << pageShift, 1L << pageShift);
        }
    }

    /// The twin for a kernel's name.
    static Optional<FakeKernels> lookup(String name) {
        return Arrays.stream(values())
                .filter(twin -> twin.name().toLowerCase(Locale.ROOT).equals(name))
                .findFirst();
    }

    String signature(boolean groupPerPage) {
        return signature;
    }

    /// How many pages or tasks a work size covers.
    int itemsOf(long global, long local, boolean groupPerPage) {
        return Math.toIntExact(groupPerPage ? global / local : global);
    }

    abstract void run(Arguments arguments, int items);

    private static void copyPages(Arguments arguments, int items, boolean gather) {
        int shift = arguments.number(6);
        int count = Math.min(items, arguments.number(3));
        for (int i = 0; i < count; i++) {
            MemorySegment page = arguments.listedPage(i, shift);
            long at = ((long) arguments.number(5) + i) << shift;
            MemorySegment staged = arguments.buffer(4).asSlice(at, 1L << shift);
            if (gather) {
                staged.copyFrom(page);
            } else {
                page.copyFrom(staged);
            }
        }
    }

    private static void copyPair(Arguments arguments, int pair, int shift) {
        MemorySegment pairs = arguments.buffer(2);
        long to = PagePairLayout.destination(pairs, pair) << shift;
        MemorySegment target = arguments.buffer(1).asSlice(to, 1L << shift);
        if (PagePairLayout.isZero(pairs, pair)) {
            target.fill((byte) 0);
        } else {
            long from = PagePairLayout.source(pairs, pair) << shift;
            target.copyFrom(arguments.buffer(0).asSlice(from, 1L << shift));
        }
    }

    private static void runTask(Arguments arguments, int task) {
        MemorySegment tasks = arguments.buffer(0);
        MemorySegment done = arguments.buffer(8);
        if (done.get(ValueLayout.JAVA_BYTE, task) != 0) {
            return;
        }
        int pte = arguments.buffer(3).getAtIndex(ValueLayout.JAVA_INT, task);
        boolean writes = AccessTaskLayout.writes(tasks, task);
        if (!DevicePteLayout.isValid(pte) || (writes && !DevicePteLayout.isWritable(pte))) {
            if (arguments.number(13) != 0) {
                recordFault(arguments.buffer(6), arguments.number(7), task, writes);
            }
            return;
        }
        int page = DevicePteLayout.page(pte);
        int chunkPages = arguments.number(12);
        if (page / chunkPages != arguments.number(11)) {
            return;
        }
        long base = (long) (page % chunkPages) << arguments.number(10);
        int first = AccessTaskLayout.firstRecord(tasks, task);
        for (int i = 0; i < AccessTaskLayout.recordCount(tasks, task); i++) {
            execute(arguments, base, first + i);
        }
        done.set(ValueLayout.JAVA_BYTE, task, (byte) 1);
    }

    private static void recordFault(MemorySegment faults, int capacity, int task, boolean writes) {
        int count = FaultRecordLayout.count(faults);
        faults.set(ValueLayout.JAVA_INT, 0, count + 1);
        if (count < capacity) {
            long at = FaultRecordLayout.HEADER_SIZE + (long) count * FaultRecordLayout.SIZE;
            faults.set(ValueLayout.JAVA_INT, at, task);
            int kind = writes ? FaultRecordLayout.WRITE : FaultRecordLayout.READ;
            faults.set(ValueLayout.JAVA_INT, at + 4, kind);
        }
    }

    private static void execute(Arguments arguments, long base, int record) {
        MemorySegment records = arguments.buffer(2);
        MemorySegment heap = arguments.buffer(4);
        MemorySegment results = arguments.buffer(5);
        long at = base + AccessRecordLayout.offset(records, record);
        int size = AccessRecordLayout.accessSize(records, record);
        long sequence = AccessRecordLayout.sequence(records, record);
        long seed = arguments.longNumber(9);
        int result = AccessRecordLayout.result(records, record);
        switch (AccessRecordLayout.kind(records, record)) {
            case AccessRecordLayout.LOAD ->
                    results.setAtIndex(
                            ValueLayout.JAVA_LONG, result, AccessContents.load(heap, at, size));
            case AccessRecordLayout.STORE -> AccessContents.store(heap, at, size, sequence, seed);
            default ->
                    results.setAtIndex(
                            ValueLayout.JAVA_LONG,
                            result,
                            AccessContents.modify(heap, at, size, sequence, seed));
        }
    }
}
