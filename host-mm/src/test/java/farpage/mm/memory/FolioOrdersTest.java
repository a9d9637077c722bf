package farpage.mm.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class FolioOrdersTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {"9; 0,9", "2-9; 0,2-9", "0; 0", "2,4,9; 0,2,4,9", "0-9; 0,2-9"})
    void orderZeroIsInEverySet(String text, String canonical) {
        FolioOrders orders = FolioOrders.parse(text);
        assertEquals(canonical, orders.toString());
        assertEquals(orders, FolioOrders.parse(canonical));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ",", "10", "-1", "9-2", "2-", "x", "2MiB", "4,,9", "1-2-3"})
    void whatIsNoListOfOrdersIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> FolioOrders.parse(text));
    }

    @Test
    void ordersAreTriedFromTheHighestThatFitsDown() {
        FolioOrders orders = FolioOrders.of(2, 4, 9);
        assertEquals(9, orders.highest());
        assertEquals(4, orders.below(9));
        assertEquals(2, orders.below(4));
        assertEquals(0, orders.below(2));
        assertEquals(4, orders.highestFitting(8));
        assertEquals(9, orders.highestFitting(40));
        assertEquals(0, orders.highestFitting(1));
    }

    @Test
    void aFolioMustBeAlignedAndFitTheRange() {
        FolioOrders orders = FolioOrders.ALL;
        assertEquals(9, orders.highestFitting(512, 512));
        assertEquals(9, orders.highestFitting(0, 100_000));
        assertEquals(8, orders.highestFitting(512, 511));
        assertEquals(3, orders.highestFitting(8, 512));
        assertEquals(0, orders.highestFitting(7, 512));
        assertEquals(0, FolioOrders.PMD.highestFitting(512, 511));
        assertEquals(9, FolioOrders.PMD.highestFitting(1024, 512));
    }

    @Test
    void setsTellTheirMembers() {
        assertTrue(FolioOrders.PMD.contains(0));
        assertTrue(FolioOrders.PMD.contains(9));
        assertFalse(FolioOrders.PMD.contains(8));
        assertFalse(FolioOrders.ALL.contains(10));
        assertEquals(FolioOrders.BASE, FolioOrders.of());
        assertThrows(IllegalArgumentException.class, () -> FolioOrders.of(10));
        assertThrows(IllegalArgumentException.class, () -> new FolioOrders(2));
    }

    @Test
    void foldersAreNamedByTheFoliosSize() {
        assertEquals("4kB", FolioOrders.sizeName(0));
        assertEquals("2048kB", FolioOrders.sizeName(9));
    }
}
