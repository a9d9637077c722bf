package farpage.emulator.bench;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// How much the benchmark of bookkeeping does.
///
/// @param kinds what is measured
/// @param orders in which pages are taken
/// @param threads how many threads work at once, each on a part of the range
/// @param pages of the range
/// @param batchPages that one command names, where they do not lie in a row
/// @param rounds that count, each over all orders and numbers of threads
/// @param warmUpRounds before them
/// @param settleNanos for the rounds before those that count, at most: they go on until the code is
///   compiled
/// @param initBytes of device memory that is registered
/// @kernel tools/testing/selftests/mm/hmm-tests.c: TEST_F(hmm, benchmark_thp_migration)
public record MetadataPlan(
        Set<MetadataKind> kinds,
        Set<PageOrder> orders,
        List<Integer> threads,
        int pages,
        int batchPages,
        int rounds,
        int warmUpRounds,
        long settleNanos,
        long initBytes) {
    /// Pages where nothing else is asked for: 8 GiB of them.
    public static final int PAGES_DEFAULT = 1 << 21;

    /// The fewest pages: a table for each of two threads.
    public static final int PAGES_MIN = 1024;

    /// The most pages: 64 GiB of them.
    public static final int PAGES_MAX = 1 << 24;

    /// The most pages of a command.
    public static final int BATCH_PAGES_MAX = PAGES_MAX;

    /// The most threads.
    public static final int THREADS_MAX = 2;

    /// The most rounds of each kind.
    public static final int ROUNDS_MAX = 1000;

    /// Device memory that is registered where nothing else is asked for.
    public static final long INIT_BYTES_DEFAULT = 128L << 30;

    /// The least device memory that is registered.
    public static final long INIT_BYTES_MIN = 2L << 20;

    /// The most: more have no numbers.
    public static final long INIT_BYTES_MAX = 1L << 40;

    /// Checks the limits.
    public MetadataPlan {
        kinds = Set.copyOf(kinds);
        orders = Set.copyOf(orders);
        threads = threads.stream().sorted().distinct().toList();
        require("kinds", kinds.size(), 1, MetadataKind.values().length);
        require("orders", orders.size(), 1, PageOrder.values().length);
        require("threads", threads.size(), 1, THREADS_MAX);
        threads.forEach(count -> require("threads", count, 1, THREADS_MAX));
        require("pages", pages, PAGES_MIN, PAGES_MAX);
        if (Integer.bitCount(pages) != 1) {
            throw new IllegalArgumentException("pages: value=" + pages + ", limit=a power of two");
        }
        require("batchPages", batchPages, 1, BATCH_PAGES_MAX);
        require("rounds", rounds, 1, ROUNDS_MAX);
        require("warmUpRounds", warmUpRounds, 0, ROUNDS_MAX);
        require("initBytes", initBytes, INIT_BYTES_MIN, INIT_BYTES_MAX);
    }

    /// The same for one order of pages.
    MetadataPlan with(PageOrder order) {
        return new MetadataPlan(
                kinds,
                EnumSet.of(order),
                threads,
                pages,
                batchPages,
                rounds,
                warmUpRounds,
                settleNanos,
                initBytes);
    }

    /// Everything, at full size.
    public static MetadataPlan full() {
        return new MetadataPlan(
                EnumSet.allOf(MetadataKind.class),
                EnumSet.allOf(PageOrder.class),
                List.of(1, 2),
                PAGES_DEFAULT,
                PAGES_DEFAULT,
                15,
                4,
                10_000_000_000L,
                INIT_BYTES_DEFAULT);
    }

    /// Everything at the same size, in fewer rounds.
    public static MetadataPlan quick() {
        return full().withRounds(3, 1, 7_000_000_000L);
    }

    /// The same in another number of rounds.
    public MetadataPlan withRounds(int counted, int before, long settle) {
        return new MetadataPlan(
                kinds, orders, threads, pages, batchPages, counted, before, settle, initBytes);
    }

    private static void require(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    name + ": value=" + value + ", limit=" + least + " to " + most);
        }
    }
}
