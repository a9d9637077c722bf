package farpage.emulator.calibration;

import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.copy.CopyMethod;
import farpage.emulator.copy.CopyPlan;
import farpage.opencl.kernel.KernelSource;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/// Tries every way of copying that a device can go, and chooses.
///
/// A method is first *proved* in a layout: it copies once, and every byte is compared. Whoever
/// fails is dropped from all. Then the methods are timed in turn, in rounds, each round in another
/// order, so that whatever else the machine does meets all of them. As soon as a method is far
/// behind it is not timed any more, and the time is left to those between which there is a choice.
/// The median of its times speaks for a method.
///
/// @opencl None: a measurement of commands and kernels
public final class CopyCalibration {
    /// What all rounds may take.
    public static final long BUDGET_NANOS = 200_000_000;

    /// Their sources are part of what a result depends on.
    static final List<String> KERNELS =
            List.of("copy_pages", "gather_pages", "scatter_pages", "zero_pages");

    private static final long PROBE_RAM_SIZE = 4L << 20;

    /// How much of it goes to scattered pages, in percent; the rest to runs.
    private static final int SCATTERED_SHARE = 70;

    /// Rounds in which all layouts are timed, whatever time is left.
    private static final int ROUNDS_MIN = 3;

    private static final int ROUNDS_MAX = 200;

    /// On a machine that is busy otherwise even those would take too long: no cell is begun later
    /// than this many times the time that there is.
    private static final int LATE = 2;

    /// Behind by this factor a method is not timed any more, once it was timed often enough. What
    /// slows a single copy down by as much is not rare, so the best time of each counts here, and
    /// not the median.
    private static final double BEHIND = 1.5;

    private static final int SMALL_PAGES = 64;

    /// Large batches take long, and little disturbs them that much: fewer times are enough.
    private static final int LARGE_PAGES = 1024;

    private static final int LARGE_SAMPLES_MIN = 2;
    private static final double FAR_BEHIND = 2;

    /// Layouts, a small and a large one, in which all methods are tried.
    private static final List<CopyLayout> SCREEN =
            List.of(new CopyLayout(4, 1), new CopyLayout(256, 1));

    private static final int SCREEN_REPS = 2;

    /// A batch that would take longer is not tried: this is no method for so many pages.
    private static final long BATCH_NANOS_MAX = 40_000_000;

    private final CopyTrials trials;
    private final LongSupplier nanoClock;
    private final long budgetNanos;
    private final Optional<CopyPlan> earlier;
    private final List<Cell> cells = new ArrayList<>();
    private final Map<CopyMethod, String> dropped = new EnumMap<>(CopyMethod.class);
    private long preparationNanos;

    CopyCalibration(
            CopyTrials trials,
            LongSupplier nanoClock,
            long budgetNanos,
            Optional<CopyPlan> earlier) {
        this.trials = trials;
        this.nanoClock = nanoClock;
        this.budgetNanos = budgetNanos;
        this.earlier = earlier;
    }

    /// Measures an OpenCL device on a machine of its own, which is gone afterwards.
    ///
    /// @param config binding and OpenCL device; nothing else in it is used
    /// @param seed of the pages that are copied and of what is in them
    /// @param earlier the plan that was chosen before, else the guess from the kind of device; it
    ///   stays where it is about as good
    /// @throws CalibrationException if no method brings the right bytes
    /// @throws farpage.opencl.ClException if the device fails at what every device can do
    public static CalibrationResult measure(
            EmulatorConfig config, long seed, LongSupplier nanoClock, Optional<CopyPlan> earlier) {
        long start = nanoClock.getAsLong();
        try (EngineTrials trials = new EngineTrials(config, seed, nanoClock)) {
            long opened = nanoClock.getAsLong() - start;
            CalibrationResult found =
                    new CopyCalibration(
                                    trials,
                                    nanoClock,
                                    BUDGET_NANOS,
                                    Optional.of(earlier.orElse(trials.guess())))
                            .run();
            return new CalibrationResult(
                    found.plan(),
                    found.rates(),
                    found.dropped(),
                    found.nanos() + opened,
                    found.preparationNanos());
        }
    }

    /// The ways that pages can be copied on an OpenCL device.
    ///
    /// @param config binding and OpenCL device; nothing else in it is used
    public static Set<CopyMethod> methods(EmulatorConfig config) {
        EmulatorConfig small =
                config.withDeviceCount(1)
                        .withCoherentDevices(List.of())
                        .withRamSize(PROBE_RAM_SIZE);
        try (Emulator emulator = new Emulator(small)) {
            return emulator.device(0).copyEngine().methods();
        }
    }

    /// Names the sources of the kernels that copy pages: with others, a result says nothing.
    public static String kernelsHash() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String kernel : KERNELS) {
                digest.update(KernelSource.of(kernel).hash().getBytes(StandardCharsets.UTF_8));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /// One layout in one direction, with the times of all methods.
    private static final class Cell {
        private final PlanDirection direction;
        private final CopyLayout layout;
        private final Map<CopyMethod, Samples> samples = new EnumMap<>(CopyMethod.class);
        private long spentNanos;

        Cell(PlanDirection direction, CopyLayout layout) {
            this.direction = direction;
            this.layout = layout;
        }

        /// Whether the best time of a method is that many times the best of all at most.
        private boolean isWithin(CopyMethod method, double factor) {
            Samples own = samples.get(method);
            return own != null && own.least <= best() * factor;
        }

        /// Whether a method is to be tried in all layouts: those that come close in a large batch,
        /// the best one in a small batch, where most time is the waking up that all have in common,
        /// and the one that runs may need.
        private boolean isIn(CopyMethod method) {
            return method == CopyMethod.DIRECT
                    || isWithin(method, layout.pages() <= SMALL_PAGES ? 1 : BEHIND);
        }

        /// Times of each method before it may be given up. Small batches take little time, most of
        /// which is waking up, and scatters.
        private int samplesMin() {
            if (layout.pages() <= SMALL_PAGES) {
                return 24;
            }
            return isLarge() ? 6 : 8;
        }

        /// The time that speaks for a method: the median, for large batches the lower quartile.
        /// Those are timed seldom, and what disturbs a copy only ever makes it longer.
        private long typical(Samples own) {
            return isLarge() ? own.quantile(1, 4) : own.quantile(1, 2);
        }

        private int repsInRound() {
            return samplesMin() / ROUNDS_MIN;
        }

        private boolean isLarge() {
            return layout.pages() >= LARGE_PAGES;
        }

        /// Whether it may turn out that a method is the one to take.
        private boolean isWorthwhile(CopyMethod method) {
            int count = samples.values().stream().mapToInt(one -> one.count).max().orElse(0);
            if (count < samplesMin()) {
                return !isLarge() || count < LARGE_SAMPLES_MIN || isWithin(method, FAR_BEHIND);
            }
            return isWithin(method, BEHIND);
        }

        /// Whether more than one method has prospects.
        private boolean hasChoice() {
            return samples.keySet().stream().filter(method -> isWithin(method, BEHIND)).count() > 1;
        }

        private long best() {
            return samples.values().stream().mapToLong(one -> one.least).min().orElse(0);
        }
    }

    private static final class Samples {
        private long[] nanos = new long[16];
        private int count;
        private long least = Long.MAX_VALUE;

        void add(long value) {
            if (count == nanos.length) {
                nanos = Arrays.copyOf(nanos, 2 * count);
            }
            nanos[count++] = Math.max(1, value);
            least = Math.min(least, value);
        }

        /// What so many parts of all times do not exceed.
        long quantile(int part, int parts) {
            long[] sorted = Arrays.copyOf(nanos, count);
            Arrays.sort(sorted);
            return sorted[count * part / parts];
        }
    }

    CalibrationResult run() {
        long start = nanoClock.getAsLong();
        measureScattered();
        measureRuns();
        List<CopyRate> rates = rates(cells);
        return new CalibrationResult(
                CopyChoice.plan(rates, earlier),
                rates,
                dropped,
                nanoClock.getAsLong() - start - preparationNanos,
                preparationNanos);
    }

    private void measureScattered() {
        Set<CopyMethod> methods = EnumSet.copyOf(trials.methods());
        for (CopyLayout layout : SCREEN) {
            for (PlanDirection direction : PlanDirection.values()) {
                screen(cell(direction, layout), methods);
            }
        }
        methods.removeAll(dropped.keySet());
        methods.removeIf(method -> cells.stream().noneMatch(cell -> cell.isIn(method)));
        for (CopyMethod method : methods) {
            for (PlanDirection direction : PlanDirection.values()) {
                proveRest(method, direction);
            }
        }
        cells.forEach(cell -> cell.samples.keySet().removeAll(dropped.keySet()));
        if (dropped.keySet().containsAll(trials.methods())) {
            throw new CalibrationException("no way of copying works: " + dropped);
        }
        time(cells, budgetNanos * SCATTERED_SHARE / 100);
    }

    /// Proves all methods in one layout, and times them a few times.
    private void screen(Cell cell, Set<CopyMethod> methods) {
        for (CopyMethod method : methods) {
            if (!dropped.containsKey(method)) {
                prove(cell, method);
            }
        }
        for (int rep = 0; rep < SCREEN_REPS; rep++) {
            time(cell, rep);
        }
    }

    /// By ascending size, as far as it makes sense.
    private void proveRest(CopyMethod method, PlanDirection direction) {
        long nanosPerPage = 0;
        for (CopyLayout layout : CopyLayout.SCATTERED) {
            if (dropped.containsKey(method) || nanosPerPage * layout.pages() > BATCH_NANOS_MAX) {
                return;
            }
            Cell cell = cell(direction, layout);
            if (!cell.samples.containsKey(method)) {
                prove(cell, method);
            }
            Samples samples = cell.samples.get(method);
            if (samples != null) {
                nanosPerPage = samples.least / layout.pages();
            }
        }
    }

    /// A run can be a command of its own, or be taken as scattered pages are: nothing else is
    /// asked.
    private void measureRuns() {
        if (dropped.containsKey(CopyMethod.DIRECT)
                || !trials.methods().contains(CopyMethod.DIRECT)) {
            return;
        }
        CopyPlan scattered = CopyChoice.plan(rates(cells), earlier);
        List<Cell> runs = new ArrayList<>();
        for (PlanDirection direction : PlanDirection.values()) {
            for (CopyLayout layout : CopyLayout.RUNS) {
                CopyMethod method = direction.table(scattered).method(layout.pages());
                if (method != CopyMethod.DIRECT) {
                    Cell cell = cell(direction, layout);
                    prove(cell, method);
                    prove(cell, CopyMethod.DIRECT);
                    runs.add(cell);
                }
            }
        }
        runs.forEach(cell -> cell.samples.keySet().removeAll(dropped.keySet()));
        time(runs, budgetNanos * (100 - SCATTERED_SHARE) / 100);
    }

    private Cell cell(PlanDirection direction, CopyLayout layout) {
        for (Cell cell : cells) {
            if (cell.direction == direction && cell.layout.equals(layout)) {
                return cell;
            }
        }
        Cell cell = new Cell(direction, layout);
        cells.add(cell);
        return cell;
    }

    /// Times all methods in rounds, each cell until its share of the time is used up.
    private void time(List<Cell> timed, long limitNanos) {
        long start = nanoClock.getAsLong();
        for (int round = 0; round < ROUNDS_MAX; round++) {
            boolean isTimed = false;
            for (Cell cell : timed) {
                if (round > 0 && nanoClock.getAsLong() - start > LATE * limitNanos) {
                    return;
                }
                boolean hasTime = cell.spentNanos < limitNanos / timed.size();
                if (round < ROUNDS_MIN || (hasTime && cell.hasChoice())) {
                    time(cell, round);
                    isTimed = true;
                }
            }
            if (!isTimed || nanoClock.getAsLong() - start > limitNanos) {
                break;
            }
        }
    }

    private void prove(Cell cell, CopyMethod method) {
        long start = nanoClock.getAsLong();
        Optional<String> fault = trials.prove(method, cell.direction, cell.layout);
        preparationNanos += nanoClock.getAsLong() - start;
        if (fault.isPresent()) {
            dropped.put(method, fault.get());
            return;
        }
        Samples samples = new Samples();
        samples.add(trials.time(method, cell.direction, cell.layout));
        cell.samples.put(method, samples);
    }

    private void time(Cell cell, int round) {
        long start = nanoClock.getAsLong();
        List<CopyMethod> methods = List.copyOf(cell.samples.keySet());
        int turns = methods.size() * cell.repsInRound();
        for (int turn = 0; turn < turns; turn++) {
            CopyMethod method = methods.get((turn + round) % methods.size());
            if (cell.isWorthwhile(method)) {
                Objects.requireNonNull(cell.samples.get(method))
                        .add(trials.time(method, cell.direction, cell.layout));
            }
        }
        cell.spentNanos += nanoClock.getAsLong() - start;
    }

    private static List<CopyRate> rates(List<Cell> cells) {
        List<CopyRate> rates = new ArrayList<>();
        for (Cell cell : cells) {
            cell.samples.forEach((method, samples) ->
                    rates.add(
                            new CopyRate(
                                    cell.direction,
                                    cell.layout,
                                    method,
                                    cell.typical(samples),
                                    samples.count)));
        }
        return rates;
    }
}
