package farpage.emulator.bench;

import farpage.emulator.workload.WorkloadException;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.hmm.HmmPfn;
import farpage.mm.hmm.HmmRange;
import farpage.mm.hmm.HmmRangeFault;
import farpage.mm.notifier.MmuIntervalNotifier;
import farpage.mm.notifier.MmuNotifierSubscriptions.Insertion;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// Looks the pages of a range up in the process's page table, as a driver does before it maps them:
/// `hmm_range_fault` without a request for faults, over as many pages at a time as lie in a row.
/// All of them are on the device that asks.
///
/// @kernel mm/hmm.c: hmm_range_fault
final class PageTableWalks implements AutoCloseable {
    /// Pages that are looked up before the mmap lock is given up for a moment.
    private static final int LOCKED_PAGES = 16384;

    private static final int CHUNK_PAGES = 1 << 16;

    private final MetadataPlan plan;
    private final SplittableRandom random;
    private final MigrationScene scene;
    private final Slices slices;
    private final MmuIntervalNotifier notifier;
    private final List<Case> cases = new ArrayList<>();

    private record Case(PageOrder order, int threads, Distribution wall, Distribution cpu) {}

    PageTableWalks(MetadataPlan plan, long seed, SliceClocks clocks) {
        this.plan = plan;
        this.random = new SplittableRandom(seed);
        this.slices = new Slices(clocks);
        this.scene = new MigrationScene(plan.pages());
        scene.addDevice(plan.pages(), CHUNK_PAGES);
        scene.toDevice(0, scene.firstPage(), plan.pages());
        long start = PageSize.pageAddress(scene.firstPage());
        Insertion insertion =
                scene.mm()
                        .notifiers()
                        .insert(
                                start,
                                PageSize.pageAddress(plan.pages()),
                                (interval, range, sequence) -> {
                                    interval.setSequence(sequence);
                                    return true;
                                });
        this.notifier =
                switch (insertion) {
                    case Insertion.Inserted(MmuIntervalNotifier inserted) -> inserted;
                    case Insertion.Refused(Errno errno) ->
                            throw new IllegalStateException(errno.describe());
                };
        for (PageOrder order : PageOrder.values()) {
            for (int threads : plan.threads()) {
                if (plan.orders().contains(order)) {
                    cases.add(new Case(order, threads, new Distribution(), new Distribution()));
                }
            }
        }
    }

    /// Measures.
    ///
    /// @param progress is told how much is done, 0 to 1; it may throw to stop
    List<MetadataResult> run(BenchProgress progress) {
        int rounds = plan.warmUpRounds() + plan.rounds();
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < cases.size(); i++) {
                Case each = cases.get(i);
                progress.at((round + (double) i / cases.size()) / rounds, "walks");
                if (round == plan.warmUpRounds()) {
                    each.wall().clear();
                    each.cpu().clear();
                }
                round(each);
            }
        }
        return cases.stream().map(this::result).toList();
    }

    private MetadataResult result(Case each) {
        return new MetadataResult.Walk(
                each.order(), each.threads(), plan.pages(), each.wall(), each.cpu());
    }

    private void round(Case each) {
        int count = plan.pages() / each.threads();
        int run = each.order().runPages();
        int[][] places = new int[each.threads()][];
        long[][] words = new long[each.threads()][run];
        for (int slice = 0; slice < places.length; slice++) {
            places[slice] = each.order().places(count, random);
        }
        slices.run(
                each.threads(),
                slice ->
                        walk(
                                scene.firstPage() + (long) slice * count,
                                places[slice],
                                words[slice]));
        each.wall().add(slices.wallNanos());
        each.cpu().add(slices.cpuNanos());
    }

    private void walk(long first, int[] places, long[] words) {
        Mm mm = scene.mm();
        long found = 0;
        for (int from = 0; from < places.length; from += LOCKED_PAGES) {
            int to = Math.min(places.length, from + LOCKED_PAGES);
            mm.lockRead();
            try {
                found += walkLocked(first, places, from, to, words);
            } finally {
                mm.unlockRead();
            }
        }
        if (found != places.length) {
            throw new WorkloadException(
                    WorkloadException.Reason.ADDRESS,
                    "%d pages were looked up, and %d were there".formatted(places.length, found));
        }
    }

    private long walkLocked(long first, int[] places, int from, int to, long[] words) {
        Mm mm = scene.mm();
        UnbackedDevice owner = scene.device(0);
        long found = 0;
        for (int i = from; i < to; i += words.length) {
            long start = PageSize.pageAddress(first + places[i]);
            long end = start + PageSize.pageAddress(words.length);
            long sequence = notifier.readBegin();
            Errno errno =
                    HmmRangeFault.fill(
                            new HmmRange(mm, notifier, sequence, start, end, words, 0, 0, owner));
            for (int word = 0; word < words.length && errno.isOk(); word++) {
                found += HmmPfn.isValid(words[word]) ? 1 : 0;
            }
        }
        return found;
    }

    @Override
    public void close() {
        notifier.close();
        slices.close();
        scene.close();
    }
}
