package farpage.mm.lock;

import java.util.function.Supplier;

/// What the current thread holds, by rank: lockdep for this model. It works only under assertions;
/// every method returns true, so that it is called as `assert HeldRanks.waitFor(rank)`.
///
/// @kernel kernel/locking/lockdep.c
@SuppressWarnings("EnumOrdinal") // the order of the enum is what is checked
public final class HeldRanks {
    private static final LockRank[] RANKS = LockRank.values();
    private static final ThreadLocal<HeldRanks> CURRENT = ThreadLocal.withInitial(HeldRanks::new);

    private final int[] counts = new int[RANKS.length];

    /// One bit for each rank that is held.
    private int mask;

    private HeldRanks() {}

    /// The thread is about to wait for a lock of this rank.
    public static boolean waitFor(LockRank rank) {
        return CURRENT.get().mayWaitFor(rank);
    }

    public static boolean acquired(LockRank rank) {
        return CURRENT.get().add(rank);
    }

    public static boolean released(LockRank rank) {
        return CURRENT.get().remove(rank);
    }

    /// What the current thread holds, for who asks more than once.
    static HeldRanks current() {
        return CURRENT.get();
    }

    boolean mayWaitFor(LockRank rank) {
        if (mask >>> rank.ordinal() != 0) {
            throw new AssertionError(
                    "lock order: waiting for " + rank + " while holding " + text());
        }
        return true;
    }

    boolean add(LockRank rank) {
        counts[rank.ordinal()]++;
        mask |= 1 << rank.ordinal();
        return true;
    }

    boolean remove(LockRank rank) {
        if (counts[rank.ordinal()] == 0) {
            throw new AssertionError("released " + rank + ", which this thread does not hold");
        }
        if (--counts[rank.ordinal()] == 0) {
            mask &= ~(1 << rank.ordinal());
        }
        return true;
    }

    public static boolean holds(LockRank rank) {
        return CURRENT.get().counts[rank.ordinal()] > 0;
    }

    public static boolean holdsNothing() {
        return CURRENT.get().mask == 0;
    }

    /// The ranks held with their counts, for messages; empty without assertions.
    public static String describe() {
        return CURRENT.get().text();
    }

    /// What the current thread holds whenever it is asked, by any thread: what [#describe()] says,
    /// but perhaps not quite up to date.
    public static Supplier<String> observe() {
        return CURRENT.get()::text;
    }

    private String text() {
        StringBuilder text = new StringBuilder();
        int[] held = counts;
        for (LockRank rank : RANKS) {
            if (held[rank.ordinal()] != 0) {
                text.append(text.isEmpty() ? "" : ", ").append(rank);
                if (held[rank.ordinal()] > 1) {
                    text.append(" x").append(held[rank.ordinal()]);
                }
            }
        }
        return text.toString();
    }
}
