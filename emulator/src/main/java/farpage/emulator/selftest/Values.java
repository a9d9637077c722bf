package farpage.emulator.selftest;

import farpage.mm.PageSize;
import java.util.function.IntUnaryOperator;

/// The sizes and the contents that most cases use.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: HMM_BUFFER_SIZE
final class Values {
    /// Pages of the usual buffer: 4 MiB.
    static final int BUFFER_PAGES = (4 << 20) / PageSize.PAGE_SIZE;

    /// Pages of a PMD: 2 MiB.
    static final int PMD_PAGES = (2 << 20) / PageSize.PAGE_SIZE;

    /// How often a case of several rounds goes round.
    static final int ROUNDS = 10;

    /// Each value is its own index.
    static final IntUnaryOperator INDEX = i -> i;

    static final IntUnaryOperator NEGATED = i -> -i;
    static final IntUnaryOperator ZERO = _ -> 0;

    private Values() {}

    static IntUnaryOperator constant(int value) {
        return _ -> value;
    }

    static IntUnaryOperator indexPlus(int addend) {
        return i -> i + addend;
    }
}
