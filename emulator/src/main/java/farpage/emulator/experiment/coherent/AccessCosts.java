package farpage.emulator.experiment.coherent;

import farpage.emulator.copy.CopyDevice;
import farpage.emulator.copy.PageBuffers;
import farpage.emulator.copy.PageSums;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.dmirror.DmirrorReply;
import farpage.emulator.experiment.ExperimentSetting;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.workload.DataMismatchException;
import farpage.emulator.workload.WorkloadException;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.migrate.FolioMigration;
import farpage.mm.migrate.MigrateOffload;
import farpage.mm.numa.NumaBalancing;
import farpage.opencl.kernel.PageChecksum;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongSupplier;

/// Times moves into the device's memory and out of it, and accesses of both sides while it is
/// there: every design in turn, run by run. What each side reads is compared.
final class AccessCosts {
    /// Pages that are promoted, or fetched by a command, one at a time.
    private static final int SINGLE_PAGES = 256;

    private final ExperimentSetting setting;
    private final CoherentPlan plan;
    private final LongSupplier clock;
    private final Map<Design, Map<Step, List<Long>>> times = new EnumMap<>(Design.class);
    private final List<Long> ramReads = new ArrayList<>();
    private final List<Long> ramWrites = new ArrayList<>();
    private final List<Long> scans = new ArrayList<>();
    private final List<Long> promotions = new ArrayList<>();
    private final List<Long> fetches = new ArrayList<>();

    AccessCosts(ExperimentSetting setting, CoherentPlan plan) {
        this.setting = setting;
        this.plan = plan;
        this.clock = setting.nanoClock();
        for (Design design : Design.values()) {
            Map<Step, List<Long>> steps = new EnumMap<>(Step.class);
            for (Step step : Step.values()) {
                steps.put(step, new ArrayList<>());
            }
            times.put(design, steps);
        }
    }

    long[] times(Design design, Step step) {
        return array(list(design, step));
    }

    /// The CPU's loads of as much in RAM.
    long[] ramReads() {
        return array(ramReads);
    }

    long[] ramWrites() {
        return array(ramWrites);
    }

    /// Scans over all pages of the node.
    long[] scans() {
        return array(scans);
    }

    /// Hint faults, each of which promotes a page of the node.
    long[] promotions() {
        return array(promotions);
    }

    /// Commands, each of which brings one page of the device back.
    long[] fetches() {
        return array(fetches);
    }

    private static long[] array(List<Long> list) {
        return list.stream().mapToLong(Long::longValue).toArray();
    }

    private List<Long> list(Design design, Step step) {
        return Objects.requireNonNull(Objects.requireNonNull(times.get(design)).get(step));
    }

    /// Measures all runs.
    ///
    /// @param share of the experiment that this is
    void run(double share) {
        long ram = 2 * plan.bytes() + (16L << 20);
        try (CoherentScene scene = new CoherentScene(setting.config(), ram, plan.bytes(), true);
                Arena arena = Arena.ofConfined()) {
            Mm mm = scene.emulator().newProcess();
            CopyDevice server = scene.emulator().nodeDevice(CoherentScene.NODE);
            try (Dmirror mirror = scene.device().open(mm);
                    PageSums sums = new PageSums(server, plan.pages())) {
                MemorySegment contents = arena.allocate(plan.bytes(), 64);
                MemorySegment landing = arena.allocate(plan.bytes(), 64);
                CoherentScene.Memory memory =
                        new CoherentScene.Memory(mm, mirror, contents, setting.seed());
                int runs = plan.warmUpRuns() + plan.runs();
                for (int run = 0; run < runs; run++) {
                    if (run == plan.warmUpRuns()) {
                        clear();
                    }
                    for (Design design : inTurn(run)) {
                        measure(scene, memory, landing, sums, design);
                        single(scene, memory, design, landing);
                    }
                    setting.progress().accept(share * (run + 1) / runs);
                }
            } finally {
                mm.exit();
            }
        }
    }

    /// Each design comes first, in the middle and last equally often.
    private static List<Design> inTurn(int run) {
        List<Design> designs = new ArrayList<>(List.of(Design.values()));
        Collections.rotate(designs, run);
        return designs;
    }

    private void clear() {
        times.values().forEach(steps -> steps.values().forEach(List::clear));
        ramReads.clear();
        ramWrites.clear();
        scans.clear();
        promotions.clear();
        fetches.clear();
    }

    private interface Action {
        void run();
    }

    private void time(List<Long> into, Action action) {
        long start = clock.getAsLong();
        action.run();
        into.add(clock.getAsLong() - start);
    }

    private void measure(
            CoherentScene scene,
            CoherentScene.Memory memory,
            MemorySegment landing,
            PageSums sums,
            Design design) {
        useCopier(scene, design);
        memory.refill();
        memory.store(0, memory.pages());
        memory.refill();
        time(ramWrites, () -> memory.store(0, memory.pages()));
        time(ramReads, () -> memory.load(landing));
        memory.compare("the CPU, in RAM,", landing);
        int[] moved = new int[1];
        time(
                list(design, Step.MOVE_IN),
                () -> moved[0] = memory.moveIn(design.isNode(), 0, memory.pages()));
        requireAll(memory, moved[0], design);
        memory.load(landing);
        time(list(design, Step.CPU_READ), () -> memory.load(landing));
        memory.compare("the CPU", landing);
        memory.refill();
        memory.store(0, memory.pages());
        memory.refill();
        time(list(design, Step.CPU_WRITE), () -> memory.store(0, memory.pages()));
        deviceReads(scene, memory, sums, landing, design);
        memory.refill();
        DmirrorCommand write =
                new DmirrorCommand.Write(memory.start, memory.pages(), memory.contents);
        time(list(design, Step.DEVICE_WRITE), () -> execute(memory, write));
        memory.load(landing);
        memory.compare("the CPU, after the device's stores,", landing);
        requireAll(memory, inMemoryOfDevice(scene, memory, design), design);
        time(list(design, Step.MOVE_OUT), () -> moved[0] = memory.moveOut(design.isNode()));
        requireAll(memory, moved[0], design);
        memory.load(landing);
        memory.compare("the CPU, back in RAM,", landing);
    }

    private static int inMemoryOfDevice(
            CoherentScene scene, CoherentScene.Memory memory, Design design) {
        return design.isNode()
                ? memory.pagesOn(CoherentScene.NODE)
                : Math.toIntExact(scene.device().memory().statistics().livePages());
    }

    private static void useCopier(CoherentScene scene, Design design) {
        FolioMigration migration = scene.machine().folioMigration();
        migration.set(
                design == Design.NODE_OFFLOAD
                        ? MigrateOffload.batch(scene.emulator().folioCopier().orElseThrow())
                        : MigrateOffload.OFF);
    }

    private static void requireAll(CoherentScene.Memory memory, int moved, Design design) {
        if (moved != memory.pages()) {
            throw new WorkloadException(
                    WorkloadException.Reason.DEVICE_MEMORY,
                    "%s: %d pages were to move, and %d did"
                            .formatted(design.label(), memory.pages(), moved));
        }
    }

    private static void execute(CoherentScene.Memory memory, DmirrorCommand command) {
        DmirrorReply reply = memory.mirror.execute(command);
        if (!reply.errno().isOk()) {
            throw new WorkloadException(
                    WorkloadException.Reason.COPY_FAILED,
                    "the device's access ended with " + reply.errno().describe());
        }
    }

    /// A kernel reads each page where the device's own page table says that it is.
    private void deviceReads(
            CoherentScene scene,
            CoherentScene.Memory memory,
            PageSums sums,
            MemorySegment landing,
            Design design) {
        execute(memory, new DmirrorCommand.Read(memory.start, memory.pages(), landing));
        memory.compare("the device", landing);
        long[] pages = mappedPages(memory);
        long[] seen = new long[pages.length];
        PageBuffers where =
                design.isNode()
                        ? scene.emulator().nodeDevice(CoherentScene.NODE).systemPages()
                        : scene.device().memory();
        time(list(design, Step.DEVICE_READ), () -> sums.of(where, pages, pages.length, seen));
        for (int i = 0; i < pages.length; i++) {
            long expected =
                    PageChecksum.of(memory.contents, PageSize.pageAddress(i), PageSize.PAGE_SIZE);
            if (expected != seen[i]) {
                throw DataMismatchException.at(
                        "a kernel's checksum",
                        memory.start + PageSize.pageAddress(i),
                        expected,
                        seen[i]);
            }
        }
    }

    private static long[] mappedPages(CoherentScene.Memory memory) {
        long[] pages = new long[memory.pages()];
        DevicePageTable table = memory.mirror.mirror().table();
        table.lock();
        try {
            for (int i = 0; i < pages.length; i++) {
                long entry = table.entryLocked(PageSize.pageNumber(memory.start) + i);
                assert DevicePte.isPresent(entry);
                pages[i] = DevicePte.page(entry);
            }
        } finally {
            table.unlock();
        }
        return pages;
    }

    /// Pages come back one by one: of the node by hint faults, of the device by commands, which is
    /// what its driver has.
    private void single(
            CoherentScene scene,
            CoherentScene.Memory memory,
            Design design,
            MemorySegment landing) {
        int count = Math.min(SINGLE_PAGES, memory.pages());
        if (design == Design.NODE_OFFLOAD) {
            return;
        }
        memory.moveIn(design.isNode(), 0, memory.pages());
        memory.load(landing);
        if (design.isNode()) {
            time(scans, () -> NumaBalancing.scan(memory.mm));
        }
        for (int i = 0; i < count; i++) {
            long address = memory.start + PageSize.pageAddress(i);
            if (design.isNode()) {
                time(promotions, () -> touch(memory, address));
            } else {
                time(
                        fetches,
                        () -> {
                            var _ = memory.mirror.migrateToSystem(address, 1);
                        });
            }
        }
        int left = memory.pages() - inMemoryOfDevice(scene, memory, design);
        if (left != count) {
            throw new WorkloadException(
                    WorkloadException.Reason.DEVICE_MEMORY,
                    "%d pages were to come back, and %d did".formatted(count, left));
        }
        memory.load(landing);
        memory.compare("the CPU, after pages came back,", landing);
        memory.moveOut(design.isNode());
    }

    private static void touch(CoherentScene.Memory memory, long address) {
        if (memory.cpu.begin(address, false) < 0) {
            throw new WorkloadException(
                    WorkloadException.Reason.COPY_FAILED,
                    "a fault ended with " + memory.cpu.fault());
        }
        memory.cpu.end();
    }
}
