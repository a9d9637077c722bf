package farpage.emulator.copy;

import farpage.mm.PageSize;
import farpage.mm.memory.HostMemory;
import farpage.mm.migrate.FolioCopyAnswer;
import farpage.mm.migrate.FolioPairs;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/// Copies a batch of folios by several CPUs, the migrating one among them: each takes as many pages
/// as any other, so that one large folio is shared out too.
///
/// The threads copy memory and do nothing else; they have no lock.
///
/// @kernel drivers/migoffc/mtcopy/copy_pages.c
public final class ThreadFolioCopier implements FolioCopier {
    /// The most threads.
    public static final int THREADS_MAX = 64;

    private final MemorySegment ram;
    private final int threads;
    private final LongSupplier nanoClock;
    private final ExecutorService workers;
    private final LongAdder batches = new LongAdder();
    private final LongAdder pages = new LongAdder();
    private final LongAdder nanos = new LongAdder();

    /// @param ram the machine's memory; it stays mapped until this is closed
    /// @param threads that copy, the caller's included
    /// @param nanoClock for the counters
    public ThreadFolioCopier(MemorySegment ram, int threads, LongSupplier nanoClock) {
        if (threads < 1 || threads > THREADS_MAX) {
            throw new IllegalArgumentException(
                    "threads: value=" + threads + ", limit=1 to " + THREADS_MAX);
        }
        this.ram = ram;
        this.threads = threads;
        this.nanoClock = nanoClock;
        this.workers =
                Executors.newFixedThreadPool(
                        Math.max(1, threads - 1),
                        Thread.ofPlatform().daemon().name("folio-copy-", 0).factory());
    }

    @Override
    public FolioCopyAnswer copy(FolioPairs folios) {
        long start = nanoClock.getAsLong();
        int count = folios.pageCount();
        int used = Math.min(threads, count);
        CompletableFuture<?>[] others = new CompletableFuture<?>[Math.max(0, used - 1)];
        for (int i = 0; i < others.length; i++) {
            int share = i + 1;
            others[i] =
                    CompletableFuture.runAsync(
                            () ->
                                    copyPart(
                                            folios,
                                            part(count, share, used),
                                            part(count, share + 1, used)),
                            workers);
        }
        copyPart(folios, 0, part(count, 1, Math.max(1, used)));
        for (CompletableFuture<?> other : others) {
            other.join();
        }
        batches.increment();
        pages.add(count);
        nanos.add(nanoClock.getAsLong() - start);
        return FolioCopyAnswer.COPIED;
    }

    private static int part(int pageCount, int share, int shares) {
        return (int) ((long) pageCount * share / shares);
    }

    /// Copies some pages of the list.
    private void copyPart(FolioPairs folios, int from, int to) {
        int first = 0;
        for (int i = 0; i < folios.count() && first < to; i++) {
            int length = folios.length(i);
            int skipped = Math.max(0, from - first);
            int end = Math.min(length, to - first);
            if (skipped < end) {
                MemorySegment.copy(
                        ram,
                        HostMemory.offset(folios.source(i) + skipped),
                        ram,
                        HostMemory.offset(folios.destination(i) + skipped),
                        PageSize.pageAddress(end - skipped));
            }
            first += length;
        }
    }

    @Override
    public FolioCopierStatistics statistics() {
        return new FolioCopierStatistics(batches.sum(), pages.sum(), nanos.sum(), 0, 0);
    }

    @Override
    public void close() {
        workers.close();
    }
}
