package farpage.emulator.bench;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.experiment.FolioRange;
import farpage.emulator.workload.DataMismatchException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/// How long a fault takes that has to move a folio: the CPU's on a folio on the device, and a
/// device's on one of the system. Each is timed alone, in turn with one plain blocking transfer of
/// as many bytes at the same place of memory of the same size.
///
/// In a round every folio of a range goes to the device by faults of the device, and comes back by
/// faults of the CPU, in random order, with new contents, which are compared afterwards.
///
/// @kernel mm/memory.c: do_swap_page, the device-private branch
public final class FaultBench {
    /// How much of the whole warming up is, for people.
    private static final double WARM_UP_PART = 0.5;

    private static final long IDLE_NANOS = 20_000;

    private final EmulatorConfig config;
    private final FaultPlan plan;
    private final long seed;
    private final LongSupplier nanoClock;
    private final SplittableRandom random;
    private final List<Case> cases = new ArrayList<>();

    /// Folios of one order, and what was measured of them.
    private static final class Case {
        private final int order;
        private final Map<FaultKind, Samples> samples = new EnumMap<>(FaultKind.class);
        private Optional<String> failure = Optional.empty();

        private Case(int order) {
            this.order = order;
            for (FaultKind kind : FaultKind.values()) {
                samples.put(kind, new Samples());
            }
        }

        private Samples samples(FaultKind kind) {
            return Objects.requireNonNull(samples.get(kind));
        }
    }

    private static final class Samples {
        private final Distribution total = new Distribution();
        private final Distribution raw = new Distribution();
        private final Distribution model = new Distribution();

        private void clear() {
            total.clear();
            raw.clear();
            model.clear();
        }
    }

    /// @param config binding and OpenCL device; the sizes in it are not used
    /// @param seed of the contents and of the order of the faults
    public FaultBench(EmulatorConfig config, FaultPlan plan, long seed, LongSupplier nanoClock) {
        this.config = config;
        this.plan = plan;
        this.seed = seed;
        this.nanoClock = nanoClock;
        this.random = new SplittableRandom(seed);
        plan.orders().forEach(order -> cases.add(new Case(order)));
    }

    /// Measures.
    ///
    /// @param progress is told from time to time how much is done; it may throw to stop
    /// @throws farpage.emulator.workload.WorkloadException if a folio could not be moved as it was
    ///   to
    public List<FaultCost> run(BenchProgress progress) {
        return FolioRange.with(
                config,
                plan.bytes(),
                seed,
                range -> {
                    measure(range, progress);
                    return costs();
                });
    }

    /// One order after another: code that is compiled for one is not yet the best for the next.
    /// What is compared, a fault and a plain transfer, is taken in turn.
    private void measure(FolioRange range, BenchProgress progress) {
        for (int i = 0; i < cases.size(); i++) {
            Case each = cases.get(i);
            String what = "order " + each.order;
            double from = (double) i / cases.size();
            warmUp(range, each, () -> progress.at(from, what));
            int rounds = plan.rounds(each.order);
            for (int round = 0; round < rounds; round++) {
                double part = WARM_UP_PART + (1 - WARM_UP_PART) * round / rounds;
                progress.at(from + part / cases.size(), what);
                roundTrip(range, each);
            }
        }
    }

    /// Until all code is compiled: that takes a number of faults, and then a while.
    private void warmUp(FolioRange range, Case each, Runnable beforeRound) {
        long begin = nanoClock.getAsLong();
        int least = plan.warmUpRounds(each.order);
        for (int round = 0; round < FaultPlan.WARM_UP_FACTOR_MAX * least; round++) {
            if (round >= least && nanoClock.getAsLong() - begin >= plan.warmUpNanos()) {
                break;
            }
            beforeRound.run();
            roundTrip(range, each);
        }
        each.samples.values().forEach(Samples::clear);
    }

    /// The one place where data that differ become a result.
    private void roundTrip(FolioRange range, Case each) {
        range.populate(each.order);
        faults(range, each, FaultKind.DEVICE);
        faults(range, each, FaultKind.CPU);
        if (plan.corrupts()) {
            range.corrupt(random.nextLong(plan.bytes()));
        }
        try {
            range.verify();
        } catch (DataMismatchException differs) {
            each.failure = Optional.of(Objects.requireNonNull(differs.getMessage()));
        }
    }

    private void faults(FolioRange range, Case each, FaultKind kind) {
        Samples samples = each.samples(kind);
        long length = FaultPlan.folioBytes(each.order);
        for (int place : PageOrder.SCATTERED.places(plan.folios(each.order), random)) {
            long offset = place * length;
            idle();
            long start = nanoClock.getAsLong();
            raw(range, kind, offset, length);
            samples.raw.add(nanoClock.getAsLong() - start);
            long copied = range.copies(kind.direction()).nanos();
            idle();
            long begin = nanoClock.getAsLong();
            fault(range, kind, offset, length);
            long total = nanoClock.getAsLong() - begin;
            long copying = range.copies(kind.direction()).nanos() - copied;
            samples.total.add(total);
            samples.model.add(total - copying);
        }
    }

    /// The device is as it is when nobody has used it for a moment, before either: a thread that
    /// serves it may have gone to sleep.
    private void idle() {
        long end = nanoClock.getAsLong() + IDLE_NANOS;
        while (nanoClock.getAsLong() < end) {
            Thread.onSpinWait();
        }
    }

    private static void raw(FolioRange range, FaultKind kind, long offset, long length) {
        switch (kind) {
            case CPU -> range.readRaw(offset, length);
            case DEVICE -> range.writeRaw(offset, length);
        }
    }

    private static void fault(FolioRange range, FaultKind kind, long offset, long length) {
        switch (kind) {
            case CPU -> range.touch(offset);
            case DEVICE -> range.toDevice(offset, length);
        }
    }

    private List<FaultCost> costs() {
        List<FaultCost> costs = new ArrayList<>();
        for (FaultKind kind : FaultKind.values()) {
            for (Case each : cases) {
                if (plan.kinds().contains(kind)) {
                    Samples samples = each.samples(kind);
                    costs.add(
                            new FaultCost(
                                    kind,
                                    each.order,
                                    samples.total,
                                    samples.raw,
                                    samples.model,
                                    each.failure));
                }
            }
        }
        return costs;
    }
}
