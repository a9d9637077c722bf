package farpage.mm.memory;

/// A set of small numbers that finds its lowest member in a few steps: one bit a number, and above
/// it, level by level, one bit for each word that is not zero.
///
/// Not for several threads at once.
///
/// @kernel include/linux/find.h: find_first_bit
public final class BlockBitmap {
    private static final int WORD_SHIFT = 6;

    private final long[][] levels;
    private int size;

    /// @param count the numbers are 0 to `count - 1`; none is a member at first
    public BlockBitmap(int count) {
        int depth = 1;
        for (int words = words(count); words > 1; words = words(words)) {
            depth++;
        }
        levels = new long[depth][];
        int bits = count;
        for (int level = 0; level < depth; level++) {
            levels[level] = new long[words(bits)];
            bits = levels[level].length;
        }
    }

    private static int words(int bits) {
        return (bits + Long.SIZE - 1) >> WORD_SHIFT;
    }

    /// The lowest member; -1 if there is none.
    public int first() {
        if (size == 0) {
            return -1;
        }
        int found = 0;
        for (int level = levels.length - 1; level >= 0; level--) {
            found = (found << WORD_SHIFT) + Long.numberOfTrailingZeros(levels[level][found]);
        }
        return found;
    }

    public boolean contains(int number) {
        int word = number >> WORD_SHIFT;
        return word < levels[0].length && (levels[0][word] >>> number & 1) != 0;
    }

    public void add(int number) {
        assert !contains(number) : number;
        size++;
        int at = number;
        for (long[] level : levels) {
            int word = at >> WORD_SHIFT;
            long before = level[word];
            level[word] = before | 1L << at;
            if (before != 0) {
                return;
            }
            at = word;
        }
    }

    public void remove(int number) {
        assert contains(number) : number;
        size--;
        int at = number;
        for (long[] level : levels) {
            int word = at >> WORD_SHIFT;
            level[word] &= ~(1L << at);
            if (level[word] != 0) {
                return;
            }
            at = word;
        }
    }

    /// Members.
    public int size() {
        return size;
    }
}
