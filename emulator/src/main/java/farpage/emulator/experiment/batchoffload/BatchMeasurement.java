package farpage.emulator.experiment.batchoffload;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.experiment.Quantiles;
import farpage.mm.migrate.FolioPhase;
import farpage.mm.migrate.MigrateTimes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoubleConsumer;
import java.util.function.LongSupplier;

/// Moves the same memory within RAM in every way in turn, and that several times, each time in
/// another order of the ways. Each case moves all of it twice: once with a clock around it alone,
/// and once by parts. New contents are stored before, and every byte is compared after.
///
/// @kernel mm/migrate.c: migrate_pages_batch
final class BatchMeasurement {
    private final EmulatorConfig config;
    private final BatchPlan plan;
    private final long seed;
    private final LongSupplier nanoClock;
    private final List<BatchCase> cases = new ArrayList<>();

    /// Nanoseconds of plain copies of all memory, by the order of the folios.
    private final Map<Integer, List<Long>> plain = new TreeMap<>();

    BatchMeasurement(EmulatorConfig config, BatchPlan plan, long seed, LongSupplier nanoClock) {
        this.config = config;
        this.plan = plan;
        this.seed = seed;
        this.nanoClock = nanoClock;
        for (int order : plan.orders()) {
            plain.put(order, new ArrayList<>());
            for (int batch : BatchPlan.BATCHES) {
                for (CopyWay way : CopyWay.values()) {
                    if (plan.has(order, batch)) {
                        cases.add(new BatchCase(order, batch, way));
                    }
                }
            }
        }
    }

    /// Measures.
    void run(DoubleConsumer progress) {
        int runs = plan.warmUpRuns() + plan.runs();
        int steps = runs * plan.orders().size();
        int done = 0;
        try (BatchRange range = new BatchRange(config, plan, seed, nanoClock)) {
            for (int run = 0; run < runs; run++) {
                if (run == plan.warmUpRuns()) {
                    cases.forEach(BatchCase::clear);
                    plain.values().forEach(List::clear);
                }
                for (int order : plan.orders()) {
                    progress.accept((double) done++ / steps);
                    measure(range, order, run);
                }
            }
        }
    }

    private void measure(BatchRange range, int order, int run) {
        range.populate(order);
        List<BatchCase> own = cases.stream().filter(each -> each.order() == order).toList();
        for (int i = 0; i < own.size(); i++) {
            measure(range, own.get((i + run) % own.size()));
        }
        long start = nanoClock.getAsLong();
        range.copyPlainly(plan.folioBytes(order));
        plain(order).add(nanoClock.getAsLong() - start);
    }

    private void measure(BatchRange range, BatchCase each) {
        range.use(each.way(), each.batch() << each.order());
        range.store();
        long start = nanoClock.getAsLong();
        range.move(each.order());
        each.addMove(nanoClock.getAsLong() - start);
        range.verify();
        MigrateTimes times = new MigrateTimes(nanoClock);
        range.move(each.order(), times);
        each.addParts(
                times.nanos(FolioPhase.UNMAP),
                times.nanos(FolioPhase.COPY),
                times.nanos(FolioPhase.MOVE),
                times.inaccessibleNanos());
        range.verify();
    }

    private List<Long> plain(int order) {
        return plain.computeIfAbsent(order, _ -> new ArrayList<>());
    }

    BatchPlan plan() {
        return plan;
    }

    List<BatchCase> cases() {
        return cases;
    }

    BatchCase find(int order, int batch, CopyWay way) {
        return cases.stream()
                .filter(each -> each.order() == order)
                .filter(each -> each.batch() == batch)
                .filter(each -> each.way() == way)
                .findFirst()
                .orElseThrow();
    }

    /// Decimal gigabytes a second of a migration.
    double gbps(BatchCase each) {
        return (double) plan.bytes() / Math.max(1, each.nanos());
    }

    /// Decimal gigabytes a second of plain copies of folios of that order.
    double plainGbps(int order) {
        long[] nanos = plain(order).stream().mapToLong(Long::longValue).toArray();
        return (double) plan.bytes() / Math.max(1, Quantiles.of(nanos).median());
    }
}
