package farpage.emulator.workload;

/// A load saw other bytes than the program's accesses put there: data were lost or mixed up.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: ASSERT_EQ on a buffer
public final class DataMismatchException extends RuntimeException {
    private static final long serialVersionUID = 1;

    DataMismatchException(String side, String access) {
        super("data differ: " + access + " by " + side + " saw what the program never wrote");
    }
}
