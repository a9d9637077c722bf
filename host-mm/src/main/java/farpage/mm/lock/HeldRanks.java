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
        if (CURRENT.get().mask >>> rank.ordinal() != 0) {
            throw new AssertionError(
                    "lock order: waiting for " + rank + " while holding " + describe());
        }
        return true;
    }

    public static boolean acquired(LockRank rank) {
        HeldRanks held = CURRENT.get();
        held.counts[rank.ordinal()]++;
        held.mask |= 1 << rank.ordinal();
        return true;
    }

    public static boolean released(LockRank rank) {
        HeldRanks held = CURRENT.get();
        if (held.counts[rank.ordinal()] == 0) {
            throw new AssertionError("released " + rank + ", which this thread does not hold");
        }
        if (--held.counts[rank.ordinal()] == 0) {
            held.mask &= ~(1 << rank.ordinal());
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
