package farpage.emulator.replay;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.Emulator;
import farpage.emulator.trace.KernelOperation;
import farpage.emulator.trace.KernelTrace;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.hugememory.HugePages;
import farpage.mm.swap.SwapMemory;
import farpage.mm.swap.SwapSpace;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/// Executes one trace and gives a result line for each operation, word for word as the kernel's own
/// driver printed them.
///
/// The trace starts from nothing: a fresh process with both devices freshly opened. Closing the
/// session ends its processes; then the device files are closed, those of forked children with the
/// others, because a device page remembers the file through which it came.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c
public final class ReplaySession implements AutoCloseable {
    /// Passes of same-page merging that a `ksmscan` stands for.
    private static final int MERGE_PASSES = 3;

    private final String trace;
    private final Emulator emulator;
    private final List<EmulatedDevice> devices;
    private final RegionSlots regions = new RegionSlots();
    private final PageBuffer buffer = new PageBuffer();
    private final ReplayFiles files = new ReplayFiles();

    /// The process that runs the operations is the last one; the others wait for it.
    private final Deque<ReplayProcess> running = new ArrayDeque<>();

    private final List<ReplayProcess> exited = new ArrayList<>();
    private final CpuOperations cpuOperations;
    private final FileOperations fileOperations;
    private final DeviceOperations deviceOperations;

    /// With the hash of the recorded results.
    ///
    /// @param trace its name, for messages
    public ReplaySession(String trace, Emulator emulator, List<EmulatedDevice> devices) {
        this(trace, emulator, devices, ContentHash.RECORDED);
    }

    /// @param trace its name, for messages
    /// @param hash tells contents
    public ReplaySession(
            String trace, Emulator emulator, List<EmulatedDevice> devices, ContentHash hash) {
        this.trace = trace;
        this.emulator = emulator;
        this.devices = List.copyOf(devices);
        this.cpuOperations = new CpuOperations(trace, regions, files, buffer, hash);
        this.fileOperations = new FileOperations(buffer, hash);
        this.deviceOperations = new DeviceOperations(regions, buffer, hash);
        running.addLast(
                new ReplayProcess(
                        emulator.newProcess(), new ReplayFiles.OfProcess(), this.devices));
    }

    /// Who looks at the processes of a trace between two operations.
    ///
    /// @kernel none
    @FunctionalInterface
    public interface Observer {
        /// An operation was executed. No lock is held.
        ///
        /// @param number of the operation, from 1
        /// @param processes the trace's own, and after it the child that runs now, if any
        void executed(int number, List<Mm> processes);
    }

    /// Executes a whole trace.
    ///
    /// @param lines takes each line of the result file in turn
    /// @param observer looks on
    public static void replay(
            KernelTrace trace,
            Emulator emulator,
            List<EmulatedDevice> devices,
            Consumer<String> lines,
            Observer observer) {
        lines.accept("=== " + trace.name());
        try (ReplaySession session = new ReplaySession(trace.name(), emulator, devices)) {
            int number = 0;
            for (KernelOperation operation : trace.operations()) {
                number++;
                lines.accept(number + " " + operation.word() + " " + session.execute(operation));
                observer.executed(number, session.processes());
            }
        }
        lines.accept("=== end " + trace.name() + " ok");
    }

    private List<Mm> processes() {
        return running.stream().map(ReplayProcess::mm).toList();
    }

    /// Executes one operation.
    ///
    /// @return its result, without number and name
    /// @throws ReplayException if the operation can not be executed here; the model is unchanged
    public String execute(KernelOperation operation) {
        ReplayProcess process = running.getLast();
        return switch (operation) {
            case KernelOperation.ForkBegin begin -> fork(begin);
            case KernelOperation.ForkEnd end -> endFork(end);
            case KernelOperation.OnDevice onDevice -> deviceOperations.execute(process, onDevice);
            case KernelOperation.OnFile onFile -> fileOperations.execute(process, onFile);
            case KernelOperation.MergeScan _ -> mergeScan();
            case KernelOperation.SetHugePages set -> setHugePages(set);
            case KernelOperation.SwapOn on -> result(swap().swapOn(new SwapMemory(on.pageCount())));
            case KernelOperation.SwapOff off -> result(swap().swapOff(off.area()));
            default -> cpuOperations.execute(process, operation);
        };
    }

    private String setHugePages(KernelOperation.SetHugePages set) {
        HugePages.Enabled when =
                switch (set.setting()) {
                    case ALWAYS -> HugePages.Enabled.ALWAYS;
                    case MADVISE -> HugePages.Enabled.MADVISE;
                    case NEVER -> HugePages.Enabled.NEVER;
                };
        emulator.machine().hugePages().setEnabled(set.order(), when);
        return "ok";
    }

    private SwapSpace swap() {
        return emulator.machine().swap();
    }

    private static String result(Errno errno) {
        return errno.isOk() ? "ok" : errno.describe();
    }

    private String mergeScan() {
        emulator.machine().ksm().scanFullPasses(MERGE_PASSES);
        return "ok";
    }

    private String fork(KernelOperation.ForkBegin begin) {
        if (running.size() > 1) {
            throw new ReplayException(trace, begin, "within a forked child");
        }
        ReplayProcess parent = running.getLast();
        ReplayProcess child = new ReplayProcess(parent.mm().fork(), parent.files().fork(), devices);
        running.addLast(child);
        return "ok";
    }

    private String endFork(KernelOperation.ForkEnd end) {
        if (running.size() == 1) {
            throw new ReplayException(trace, end, "without fork-begin before it");
        }
        ReplayProcess child = running.removeLast();
        exited.add(child);
        child.exit();
        return "exit=0";
    }

    /// The pages that are pinned now, each as often as it is.
    public long[] pinnedPages() {
        return running.stream()
                .flatMap(process -> process.pins().pinned().stream())
                .flatMapToLong(Arrays::stream)
                .toArray();
    }

    /// The emulator that the trace runs on.
    public Emulator emulator() {
        return emulator;
    }

    @Override
    public void close() {
        while (!running.isEmpty()) {
            ReplayProcess process = running.removeLast();
            exited.add(process);
            process.exit();
        }
        for (ReplayProcess process : exited) {
            process.closeMirrors();
        }
        exited.clear();
        swap().close();
        buffer.close();
        files.close();
    }
}
