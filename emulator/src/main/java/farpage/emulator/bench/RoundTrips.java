package farpage.emulator.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// Migrates a range to devices and back, with everything but the copies, in every order and by as
/// many threads as are asked for. The orders take turns, so that all meet the same machine.
///
/// A device migrates for one process at a time, so each thread has a device of its own; the
/// process, its page table, the memory map and the allocator of system memory are the same for all.
///
/// @kernel mm/migrate_device.c: migrate_vma_setup, migrate_vma_pages, migrate_vma_finalize
final class RoundTrips implements AutoCloseable {
    private static final int CHUNK_PAGES = 1 << 16;

    private final MetadataPlan plan;
    private final MigrationScene scene;
    private final SliceClocks clocks;
    private final Slices slices;
    private final SplittableRandom random;
    private final List<Case> cases = new ArrayList<>();

    /// The pages of each part in the order in which they are taken.
    private final int[][] taken;

    private final long[][] batches;

    private record Case(
            PageOrder order,
            int threads,
            Distribution toDevice,
            Distribution toSystem,
            Distribution round,
            Distribution cpu) {
        private Case(PageOrder order, int threads) {
            this(
                    order,
                    threads,
                    new Distribution(),
                    new Distribution(),
                    new Distribution(),
                    new Distribution());
        }

        private void clear() {
            toDevice.clear();
            toSystem.clear();
            round.clear();
            cpu.clear();
        }
    }

    RoundTrips(MetadataPlan plan, long seed, SliceClocks clocks) {
        this.plan = plan;
        this.random = new SplittableRandom(seed);
        this.clocks = clocks;
        this.slices = new Slices(clocks);
        this.scene = new MigrationScene(plan.pages());
        int most = plan.threads().getLast();
        this.taken = new int[most][0];
        this.batches = new long[most][Math.min(plan.batchPages(), plan.pages())];
        // The first device alone, or each for its part.
        scene.addDevice(plan.pages(), CHUNK_PAGES);
        for (int device = 1; device < most; device++) {
            scene.addDevice(plan.pages() / most, CHUNK_PAGES);
        }
        for (PageOrder order : PageOrder.values()) {
            for (int threads : plan.threads()) {
                if (plan.orders().contains(order)) {
                    cases.add(new Case(order, threads));
                }
            }
        }
    }

    /// Measures.
    ///
    /// @param progress is told how much is done, 0 to 1; it may throw to stop
    List<MetadataResult> run(BenchProgress progress) {
        CompilerRest compiler =
                new CompilerRest(clocks.nanos(), clocks.compiler(), plan.settleNanos());
        for (int round = 0; round < plan.warmUpRounds() || !compiler.isAtRest(); round++) {
            round(progress, 0);
        }
        cases.forEach(Case::clear);
        for (int round = 0; round < plan.rounds(); round++) {
            round(progress, (double) round / plan.rounds());
        }
        return cases.stream().map(this::result).toList();
    }

    private void round(BenchProgress progress, double done) {
        for (int i = 0; i < cases.size(); i++) {
            progress.at(done + (double) i / cases.size() / plan.rounds(), "round trips");
            round(cases.get(i));
        }
    }

    private void round(Case each) {
        int count = plan.pages() / each.threads();
        order(each, count);
        slices.run(each.threads(), slice -> toDevice(each.order(), slice, count));
        long toDevice = slices.wallNanos();
        long cpu = slices.cpuNanos();
        order(each, count);
        slices.run(each.threads(), slice -> toSystem(each.order(), slice, count));
        each.toDevice().add(toDevice);
        each.toSystem().add(slices.wallNanos());
        each.round().add(toDevice + slices.wallNanos());
        each.cpu().add(cpu + slices.cpuNanos());
    }

    /// Another order each time, so that pages come back in another one than that in which they
    /// went.
    private void order(Case each, int count) {
        for (int slice = 0; slice < each.threads(); slice++) {
            taken[slice] =
                    each.order() == PageOrder.CONTIGUOUS
                            ? new int[0]
                            : each.order().places(count, random);
        }
    }

    private long first(int slice, int count) {
        return scene.firstPage() + (long) slice * count;
    }

    private void toDevice(PageOrder order, int slice, int count) {
        if (order == PageOrder.CONTIGUOUS) {
            scene.toDevice(slice, first(slice, count), count);
            return;
        }
        for (int from = 0; from < count; from += plan.batchPages()) {
            int length = Math.min(plan.batchPages(), count - from);
            fill(slice, first(slice, count), from, length);
            scene.toDevice(slice, batches[slice], length);
        }
    }

    private void toSystem(PageOrder order, int slice, int count) {
        if (order == PageOrder.CONTIGUOUS) {
            scene.toSystem(slice, first(slice, count), count);
            return;
        }
        for (int from = 0; from < count; from += plan.batchPages()) {
            int length = Math.min(plan.batchPages(), count - from);
            fill(slice, first(slice, count), from, length);
            scene.toSystem(slice, batches[slice], length);
        }
    }

    private void fill(int slice, long first, int from, int length) {
        int[] places = taken[slice];
        long[] batch = batches[slice];
        for (int i = 0; i < length; i++) {
            batch[i] = first + places[from + i];
        }
    }

    private MetadataResult result(Case each) {
        return new MetadataResult.RoundTrip(
                each.order(),
                each.threads(),
                plan.pages(),
                plan.batchPages(),
                each.toDevice(),
                each.toSystem(),
                each.round(),
                each.cpu());
    }

    @Override
    public void close() {
        slices.close();
        scene.close();
    }
}
