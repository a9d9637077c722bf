package farpage.opencl.kernel.layout;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClKernel;
import farpage.opencl.ClProgram;
import farpage.opencl.ClQueue;
import farpage.opencl.WorkSize;
import farpage.opencl.kernel.KernelSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// Asks a device how its compiler laid out the shared structures, and compares with the Java half.
///
/// OpenCL fixes sizes and alignments of the types, so a difference means that one half was changed
/// alone, or a broken compiler. Either way nothing that the kernels do could be trusted.
///
/// @opencl layout_probe.cl
public final class LayoutProbe {
    private record Expected(String what, int value) {}

    private static final List<Expected> EXPECTED =
            List.of(
                    new Expected("sizeof(access_record)", AccessRecordLayout.SIZE),
                    new Expected("access_record.sequence", AccessRecordLayout.SEQUENCE_OFFSET),
                    new Expected("access_record.result", AccessRecordLayout.RESULT_OFFSET),
                    new Expected("access_record.offset", AccessRecordLayout.OFFSET_OFFSET),
                    new Expected(
                            "access_record.size_and_kind", AccessRecordLayout.SIZE_AND_KIND_OFFSET),
                    new Expected("ACCESS_SIZE_MASK", AccessRecordLayout.SIZE_MASK),
                    new Expected("ACCESS_KIND_SHIFT", AccessRecordLayout.KIND_SHIFT),
                    new Expected("ACCESS_LOAD", AccessRecordLayout.LOAD),
                    new Expected("ACCESS_STORE", AccessRecordLayout.STORE),
                    new Expected("ACCESS_MODIFY", AccessRecordLayout.MODIFY),
                    new Expected("sizeof(access_task)", AccessTaskLayout.SIZE),
                    new Expected("access_task.virtual_page", AccessTaskLayout.VIRTUAL_PAGE_OFFSET),
                    new Expected("access_task.first_record", AccessTaskLayout.FIRST_RECORD_OFFSET),
                    new Expected(
                            "access_task.count_and_write", AccessTaskLayout.COUNT_AND_WRITE_OFFSET),
                    new Expected("TASK_WRITE_BIT", AccessTaskLayout.WRITE_BIT),
                    new Expected("sizeof(fault_record)", FaultRecordLayout.SIZE),
                    new Expected("fault_record.task", FaultRecordLayout.TASK_OFFSET),
                    new Expected("fault_record.kind", FaultRecordLayout.KIND_OFFSET),
                    new Expected("FAULT_READ", FaultRecordLayout.READ),
                    new Expected("FAULT_WRITE", FaultRecordLayout.WRITE),
                    new Expected("sizeof(fault_header)", FaultRecordLayout.HEADER_SIZE),
                    new Expected("fault_header.count", FaultRecordLayout.COUNT_OFFSET),
                    new Expected("PTE_VALID", DevicePteLayout.VALID),
                    new Expected("PTE_WRITE", DevicePteLayout.WRITE),
                    new Expected("PTE_PAGE_MASK", DevicePteLayout.PAGE_MASK),
                    new Expected("sizeof(page_pair)", PagePairLayout.SIZE),
                    new Expected("page_pair.source", PagePairLayout.SOURCE_OFFSET),
                    new Expected("page_pair.destination", PagePairLayout.DESTINATION_OFFSET),
                    new Expected("PAGE_PAIR_ZERO", PagePairLayout.ZERO),
                    new Expected("sizeof(u32)", PageListLayout.ENTRY_SIZE),
                    new Expected("sizeof(u64)", Long.BYTES));

    private LayoutProbe() {}

    /// Where the device's layout differs from the Java half, one line each; empty when they agree.
    ///
    /// @throws farpage.opencl.ClException when the probe does not build or run
    public static List<String> differences(ClContext context, ClDevice device) {
        int capacity = EXPECTED.size();
        long size = (1L + capacity) * Integer.BYTES;
        try (Arena arena = Arena.ofConfined();
                ClProgram program = KernelSource.of("layout_probe").build(context, "");
                ClKernel kernel = program.createKernel("layout_probe");
                ClQueue queue = context.createQueue(device);
                ClBuffer buffer = context.createBuffer(size)) {
            kernel.setBuffer(0, buffer);
            kernel.setInt(1, capacity);
            queue.enqueueLaunch(kernel, WorkSize.perItem(1));
            MemorySegment report = arena.allocate(size, Integer.BYTES);
            queue.readBlocking(buffer, 0, report);
            return compare(report);
        }
    }

    private static List<String> compare(MemorySegment report) {
        List<String> differences = new ArrayList<>();
        int reported = report.getAtIndex(ValueLayout.JAVA_INT, 0);
        if (reported != EXPECTED.size()) {
            differences.add("values: device=" + reported + " host=" + EXPECTED.size());
        }
        for (int i = 0; i < Math.min(reported, EXPECTED.size()); i++) {
            int value = report.getAtIndex(ValueLayout.JAVA_INT, 1L + i);
            Expected expected = EXPECTED.get(i);
            if (value != expected.value()) {
                differences.add(
                        expected.what() + ": device=" + value + " host=" + expected.value());
            }
        }
        return differences;
    }
}
