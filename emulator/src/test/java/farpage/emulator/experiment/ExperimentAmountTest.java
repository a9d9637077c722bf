package farpage.emulator.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ExperimentAmountTest {
    private static final List<Integer> ORDERS = List.of(0, 9);

    @Test
    void whatTheUserDidNotSayIsAsUsual() {
        ExperimentAmount amount = ExperimentAmount.DEFAULT;
        assertEquals(4L << 20, amount.bytesOr(4L << 20, 2L << 20, 1L << 30));
        assertEquals(9, amount.runsOr(9));
        assertEquals(0, amount.warmUpRunsOr(0));
        assertEquals(ORDERS, amount.ordersOr(ORDERS));
    }

    @Test
    void ordersAreSortedAndTakenOnce() {
        ExperimentAmount amount =
                new ExperimentAmount(
                        OptionalLong.of(2L << 20),
                        OptionalInt.of(1),
                        OptionalInt.of(0),
                        List.of(9, 0, 4, 0));
        assertEquals(List.of(0, 4, 9), amount.ordersOr(ORDERS));
        assertEquals(2L << 20, amount.bytesOr(4L << 20, 2L << 20, 1L << 30));
        assertEquals(1, amount.runsOr(9));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 1, 0, 0, 'bytes: value=0, limit=n*2 MiB up to 1 GiB'",
        "4096, 1, 0, 0, 'bytes: value=4096, limit=n*2 MiB up to 1 GiB'",
        "3145728, 1, 0, 0, 'bytes: value=3145728, limit=n*2 MiB up to 1 GiB'",
        "1075838976, 1, 0, 0, 'bytes: value=1075838976, limit=n*2 MiB up to 1 GiB'",
        "2097152, 0, 0, 0, 'runs: value=0, limit=1 to 1000'",
        "2097152, 1001, 0, 0, 'runs: value=1001, limit=1 to 1000'",
        "2097152, 1, -1, 0, 'warmUpRuns: value=-1, limit=0 to 1000'",
        "2097152, 1, 0, 1, 'orders: value=1, limit=0 and 2 to 9'",
        "2097152, 1, 0, 10, 'orders: value=10, limit=0 and 2 to 9'"
    })
    void whatMakesNoSenseIsRefused(
            long bytes, int runs, int warmUpRuns, int order, String message) {
        ExperimentAmount amount =
                new ExperimentAmount(
                        OptionalLong.of(bytes),
                        OptionalInt.of(runs),
                        OptionalInt.of(warmUpRuns),
                        List.of(order));
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> readAll(amount));
        assertEquals(message, refused.getMessage());
    }

    private static void readAll(ExperimentAmount amount) {
        assertEquals(2L << 20, amount.bytesOr(4L << 20, 2L << 20, 1L << 30));
        assertEquals(1, amount.runsOr(9));
        assertEquals(0, amount.warmUpRunsOr(9));
        assertEquals(ORDERS, amount.ordersOr(ORDERS));
    }
}
