package farpage.emulator.bench;

import farpage.mm.PageSize;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/// How many faults the benchmark takes.
///
/// @param kinds who faults
/// @param orders of the folios, ascending
/// @param faults on base pages that count, of each kind; on larger folios fewer, as they take
///   longer
/// @param bytes of memory that the faults are on
/// @param corrupts whether a byte is made wrong in each round, to try the verification itself
/// @kernel tools/testing/selftests/mm/hmm-tests.c: TEST_F(hmm, benchmark_thp_migration)
public record FaultPlan(
        Set<FaultKind> kinds, List<Integer> orders, int faults, long bytes, boolean corrupts) {
    /// The orders that folios have: base pages, and those from four pages to 2 MiB.
    public static final List<Integer> ORDERS =
            IntStream.rangeClosed(0, PageSize.HPAGE_PMD_ORDER)
                    .filter(order -> order != 1)
                    .boxed()
                    .toList();

    /// Memory where nothing else is asked for.
    public static final long BYTES_DEFAULT = 32L << 20;

    /// The most faults.
    public static final int FAULTS_MAX = 1 << 24;

    private static final int FAULTS_FULL = 1 << 17;
    private static final int FAULTS_QUICK = 1 << 15;

    /// The faults on folios of an order are at least that part of those on base pages.
    private static final int LARGE_PART = 32;

    /// Faults before those that count, whatever the order: until all code is compiled.
    private static final int WARM_UP_FAULTS = 32_768;

    /// The same on large folios, which take as long as that many bytes do.
    private static final long WARM_UP_BYTES = 2L << 30;

    /// How many times as many are taken at most, until the time to warm up is over.
    static final int WARM_UP_FACTOR_MAX = 8;

    /// How long it takes at least: compilation goes on beside the faults.
    private static final long WARM_UP_NANOS = 4_000_000_000L;

    /// Fewer faults are not meant to show what a fault takes.
    private static final int MEANT_FAULTS = 4096;

    /// Checks the limits.
    public FaultPlan {
        kinds = Set.copyOf(kinds);
        orders = orders.stream().sorted().distinct().toList();
        if (kinds.isEmpty()) {
            throw new IllegalArgumentException("kinds: count=0, limit=1");
        }
        if (orders.isEmpty() || !ORDERS.containsAll(orders)) {
            throw new IllegalArgumentException("orders: value=" + orders + ", limit=of " + ORDERS);
        }
        if (faults < 1 || faults > FAULTS_MAX) {
            throw new IllegalArgumentException(
                    "faults: value=" + faults + ", limit=1 to " + FAULTS_MAX);
        }
        if (bytes < PageSize.PMD_SIZE || bytes % PageSize.PMD_SIZE != 0 || bytes > 1L << 30) {
            throw new IllegalArgumentException(
                    "bytes: value=" + bytes + ", limit=n*2 MiB up to 1 GiB");
        }
    }

    /// Folios of every order.
    public static FaultPlan full() {
        return new FaultPlan(
                EnumSet.allOf(FaultKind.class), ORDERS, FAULTS_FULL, BYTES_DEFAULT, false);
    }

    /// Base pages and folios of 2 MiB.
    public static FaultPlan quick() {
        return new FaultPlan(
                EnumSet.allOf(FaultKind.class),
                List.of(0, PageSize.HPAGE_PMD_ORDER),
                FAULTS_QUICK,
                BYTES_DEFAULT,
                false);
    }

    /// Bytes of a folio of an order.
    public static long folioBytes(int order) {
        return PageSize.pageAddress(1L << order);
    }

    /// Folios of an order in the memory: each is faulted on once in a round.
    int folios(int order) {
        return (int) (bytes / folioBytes(order));
    }

    /// Rounds that count.
    int rounds(int order) {
        int wanted = Math.max(faults >> order, Math.max(1, faults / LARGE_PART));
        return (wanted + folios(order) - 1) / folios(order);
    }

    /// How long to warm up for at least.
    long warmUpNanos() {
        return faults < MEANT_FAULTS ? 0 : WARM_UP_NANOS;
    }

    /// Rounds before them. A few faults are not worth warming up for.
    int warmUpRounds(int order) {
        if (faults <= LARGE_PART) {
            return 0;
        }
        long wanted = Math.min(WARM_UP_FAULTS, WARM_UP_BYTES / folioBytes(order));
        wanted = Math.min(wanted, 2L * faults);
        return (int) ((wanted + folios(order) - 1) / folios(order));
    }
}
