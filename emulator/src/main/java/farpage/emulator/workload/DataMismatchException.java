package farpage.emulator.workload;

/// A load saw other bytes than the program's accesses put there: data were lost or mixed up.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: ASSERT_EQ on a buffer
public final class DataMismatchException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private DataMismatchException(String message) {
        super(message);
    }

    /// A word that contains something else than was stored there last.
    public static DataMismatchException at(String side, long address, long expected, long seen) {
        return new DataMismatchException(
                String.format(
                        "data differ at %x: %s saw %016x, stored was %016x",
                        address, side, seen, expected));
    }

    DataMismatchException(String side, String access) {
        super("data differ: " + access + " by " + side + " saw what the program never wrote");
    }
}
