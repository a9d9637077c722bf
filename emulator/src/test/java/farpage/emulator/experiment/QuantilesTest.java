package farpage.emulator.experiment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class QuantilesTest {
    @Test
    void quantileIsTheLeastThatSoManyDoNotExceed() {
        long[] nanos = LongStream.rangeClosed(1, 1000).map(value -> 1001 - value).toArray();
        assertEquals(new Quantiles(1000, 500, 900, 990, 999, 1000), Quantiles.of(nanos));
    }

    @Test
    void ofOneTimeAllAreThatTime() {
        assertEquals(new Quantiles(1, 7, 7, 7, 7, 7), Quantiles.of(new long[] {7}));
    }

    @Test
    void ofNoTimeThereAreNone() {
        assertThrows(IllegalArgumentException.class, () -> Quantiles.of(new long[0]));
    }
}
