package farpage.mm.lock;

/// What the current thread holds, by rank: lockdep for this model. It works only under assertions;
/// every method returns true, so that it is called as `assert HeldRanks.waitFor(rank)`.
///
/// @kernel kernel/locking/lockdep.c
@SuppressWarnings("EnumOrdinal") // the order of the enum is what is checked
public final class HeldRanks {
    private static final LockRank[] RANKS = LockRank.values();
    private static final ThreadLocal<int[]> HELD =
            ThreadLocal.withInitial(() -> new int[RANKS.length]);

    private HeldRanks() {}

    /// The thread is about to wait for a lock of this rank.
    public static boolean waitFor(LockRank rank) {
        int[] held = HELD.get();
        for (int inner = rank.ordinal(); inner < held.length; inner++) {
            if (held[inner] != 0) {
                throw new AssertionError(
                        "lock order: waiting for " + rank + " while holding " + describe());
            }
        }
        return true;
    }

    public static boolean acquired(LockRank rank) {
        HELD.get()[rank.ordinal()]++;
        return true;
    }

    public static boolean released(LockRank rank) {
        int[] held = HELD.get();
        if (held[rank.ordinal()] == 0) {
            throw new AssertionError("released " + rank + ", which this thread does not hold");
        }
        held[rank.ordinal()]--;
        return true;
    }

    public static boolean holds(LockRank rank) {
        return HELD.get()[rank.ordinal()] > 0;
    }

    public static boolean holdsNothing() {
        for (int count : HELD.get()) {
            if (count != 0) {
                return false;
            }
        }
        return true;
    }

    /// The ranks held with their counts, for messages; empty without assertions.
    public static String describe() {
        StringBuilder text = new StringBuilder();
        int[] held = HELD.get();
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
