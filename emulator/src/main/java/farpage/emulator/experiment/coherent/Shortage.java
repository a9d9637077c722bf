package farpage.emulator.experiment.coherent;

import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.experiment.ExperimentSetting;
import farpage.emulator.workload.WorkloadException;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmStat;
import farpage.mm.mempolicy.Mbind;
import farpage.mm.mempolicy.MempolicyMode;
import farpage.mm.numa.NumaStat;
import farpage.mm.swap.SwapMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongSupplier;

/// RAM is short. A program that uses the device has half of the device's memory; another one, which
/// does not know of the device, stores to a quarter more than there is RAM; then the first wants
/// the other half. Every way of having the memory in turn, each time on a new machine.
final class Shortage {
    private final ExperimentSetting setting;
    private final CoherentPlan plan;
    private final LongSupplier clock;
    private final Map<Isolation, List<Outcome>> outcomes = new EnumMap<>(Isolation.class);

    /// What was seen once.
    ///
    /// @param strangerNanos that the other program took to store
    /// @param strangerPages its pages in the device's memory then
    /// @param ownPagesLeft pages of the device's user that were still there then
    /// @param missed pages that came from the node because RAM was full
    /// @param demoted pages that sank there
    /// @param swapped pages that were written to swap until then
    /// @param restNanos that the device's user took to get the other half
    /// @param restPages of it that it got
    /// @param ownPagesKept of the first half that are there afterwards
    /// @param swappedForRest pages that were written to swap for it
    record Outcome(
            long strangerNanos,
            int strangerPages,
            int ownPagesLeft,
            long missed,
            long demoted,
            long swapped,
            long restNanos,
            int restPages,
            int ownPagesKept,
            long swappedForRest) {}

    Shortage(ExperimentSetting setting, CoherentPlan plan) {
        this.setting = setting;
        this.plan = plan;
        this.clock = setting.nanoClock();
        for (Isolation isolation : Isolation.values()) {
            outcomes.put(isolation, new ArrayList<>());
        }
    }

    List<Outcome> outcomes(Isolation isolation) {
        return Objects.requireNonNull(outcomes.get(isolation));
    }

    /// Measures all runs.
    ///
    /// @param done share of the experiment that is behind it
    void run(double done) {
        for (int run = 0; run < plan.runs(); run++) {
            for (Isolation isolation : Isolation.values()) {
                outcomes(isolation).add(once(isolation, setting.seed() + run));
            }
            setting.progress().accept(done + (1 - done) * (run + 1) / plan.runs());
        }
    }

    /// RAM holds the device's user and, all but a fifth, the other program.
    private Outcome once(Isolation isolation, long seed) {
        boolean isolated = isolation.isIsolated();
        long ram = 2 * plan.bytes();
        long strangerBytes = ram + ram / 4;
        try (CoherentScene scene =
                        new CoherentScene(setting.config(), ram, plan.bytes(), isolated);
                Arena arena = Arena.ofConfined()) {
            Machine machine = scene.machine();
            machine.numa().setDemotionEnabled(isolation.demotes());
            long slots = PageSize.pageNumber(2 * strangerBytes);
            require(machine.swap().swapOn(new SwapMemory(Math.toIntExact(slots))));
            Mm user = scene.emulator().newProcess();
            Mm other = scene.emulator().newProcess();
            try (Dmirror mirror = scene.device().open(user);
                    Dmirror unused = scene.device().open(other)) {
                CoherentScene.Memory own =
                        new CoherentScene.Memory(
                                user, mirror, arena.allocate(plan.bytes(), 64), seed);
                CoherentScene.Memory stranger =
                        new CoherentScene.Memory(
                                other, unused, arena.allocate(strangerBytes, 64), ~seed);
                return measure(scene, isolation, own, stranger, arena);
            } finally {
                user.exit();
                other.exit();
            }
        }
    }

    private Outcome measure(
            CoherentScene scene,
            Isolation isolation,
            CoherentScene.Memory own,
            CoherentScene.Memory stranger,
            Arena arena) {
        int half = own.pages() / 2;
        own.refill();
        own.store(0, half);
        int first = own.moveIn(isolation.isNode(), 0, half);
        if (first != half) {
            throw new WorkloadException(
                    WorkloadException.Reason.DEVICE_MEMORY,
                    "%d pages were to move to empty memory, and %d did".formatted(half, first));
        }
        stranger.refill();
        Machine machine = scene.machine();
        long start = clock.getAsLong();
        stranger.store(0, stranger.pages());
        long stored = clock.getAsLong();
        NumaStat stat = machine.numa().stat();
        long swapped = machine.vmStat().get(VmStat.Event.PSWPOUT);
        int strangers = stranger.pagesOn(CoherentScene.NODE);
        int left = inMemoryOfDevice(scene, own, isolation, half, true);
        long begin = clock.getAsLong();
        getRest(own, isolation, half);
        long end = clock.getAsLong();
        Outcome outcome =
                new Outcome(
                        stored - start,
                        strangers,
                        left,
                        stat.get(CoherentScene.NODE, NumaStat.Event.NUMA_MISS),
                        stat.get(NumaStat.Event.PGDEMOTE_DIRECT),
                        swapped,
                        end - begin,
                        inMemoryOfDevice(scene, own, isolation, half, false),
                        inMemoryOfDevice(scene, own, isolation, half, true),
                        machine.vmStat().get(VmStat.Event.PSWPOUT) - swapped);
        verify(own, "the CPU of the device's user", arena);
        verify(stranger, "the CPU of the other program", arena);
        return outcome;
    }

    /// Of a node the pages are asked for where they are first stored; a device's are migrated to.
    private static void getRest(CoherentScene.Memory own, Isolation isolation, int half) {
        int rest = own.pages() - half;
        if (isolation.isNode()) {
            require(
                    Mbind.call(
                            own.mm,
                            own.start + PageSize.pageAddress(half),
                            PageSize.pageAddress(rest),
                            MempolicyMode.BIND,
                            1L << CoherentScene.NODE,
                            0));
            own.store(half, rest);
        } else {
            int _ = own.moveIn(false, half, rest); // holes: the device fills them itself
            own.store(half, rest);
        }
    }

    /// Pages of one half. What a device has was never taken from it here: nobody but its driver
    /// can, and its memory is large enough.
    private static int inMemoryOfDevice(
            CoherentScene scene,
            CoherentScene.Memory own,
            Isolation isolation,
            int half,
            boolean first) {
        if (isolation.isNode()) {
            return first
                    ? own.pagesOn(CoherentScene.NODE, 0, half)
                    : own.pagesOn(CoherentScene.NODE, half, own.pages() - half);
        }
        int all = Math.toIntExact(scene.device().memory().statistics().livePages());
        return first ? Math.min(all, half) : Math.max(0, all - half);
    }

    private static void verify(CoherentScene.Memory memory, String side, Arena arena) {
        MemorySegment landing = arena.allocate(memory.contents.byteSize(), 64);
        memory.load(landing);
        memory.compare(side, landing);
    }

    private static void require(Errno errno) {
        if (!errno.isOk()) {
            throw new WorkloadException(
                    WorkloadException.Reason.DEVICE_MEMORY,
                    "a call ended with " + errno.describe());
        }
    }
}
