package farpage.emulator.workload;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.workload.ResidencyMap.Place;
import farpage.emulator.workload.ResidencyPicture.Glyphs;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ResidencyMapTest {
    @Test
    void pagesMoveFromSystemToDeviceInThePicture() {
        ResidencyMap map = new ResidencyMap(8, 100);
        for (int sample = 0; sample < 4; sample++) {
            map.beginSample();
            map.add(0x10, sample < 2 ? Place.SYSTEM : Place.DEVICE);
            if (sample > 0) {
                map.add(0x11, Place.SYSTEM);
            }
            map.add(0x7ff_0000, Place.DEVICE);
        }
        List<String> lines = new ResidencyPicture(Glyphs.ASCII, false).draw(map, 8, 1000);
        assertEquals(
                List.of(
                        "         10000       1 |..##|",
                        "         11000       1 | ...|",
                        "    7ff0000000       1 |####|",
                        "       address   pages  0 1000",
                        "pages on the device: # two thirds or more, * a third, + a tenth, . fewer"),
                lines);
    }

    @Test
    void pagesOfARowOnBothSidesAreMixed() {
        ResidencyMap map = new ResidencyMap(2, 2);
        map.beginSample();
        for (int page = 0; page < 4; page++) {
            map.add(page, page % 2 == 0 ? Place.SYSTEM : Place.DEVICE);
        }
        assertEquals(2, map.blockPages());
        String line = new ResidencyPicture(Glyphs.UNICODE, false).draw(map, 1, 1).getFirst();
        assertTrue(line.endsWith("4 |▓|"), line);
    }

    @Test
    void tooManyColumnsAreJoinedInPairs() {
        ResidencyMap map = new ResidencyMap(4, 10);
        for (int sample = 0; sample < 9; sample++) {
            map.beginSample();
            map.add(1, sample < 4 ? Place.SYSTEM : Place.DEVICE);
        }
        assertEquals(3, map.columnCount());
        ResidencyMap.Row row = map.rows(1).getFirst();
        assertEquals(List.of(1.0, 0.0, 0.0), columns(row, Place.SYSTEM));
        assertEquals(List.of(0.0, 1.0, 1.0), columns(row, Place.DEVICE));
    }

    private static List<Double> columns(ResidencyMap.Row row, Place place) {
        List<Double> values = new ArrayList<>();
        for (int column = 0; column < row.columnCount(); column++) {
            values.add(place == Place.SYSTEM ? row.system(column) : row.device(column));
        }
        return values;
    }

    @Test
    void blocksGrowSoThatTheirNumberStaysBounded() {
        ResidencyMap map = new ResidencyMap(2, 16);
        map.beginSample();
        for (long page = 0; page < 4096; page++) {
            map.add(page, Place.DEVICE);
        }
        assertEquals(256, map.blockPages());
        double onDevice = 0;
        for (ResidencyMap.Row row : map.rows(5)) {
            onDevice += row.device(0);
        }
        assertEquals(4096, onDevice);
        assertEquals(5, map.rows(5).size());
    }

    @Test
    void coloursEndWhereTheySet() {
        ResidencyMap map = new ResidencyMap(2, 16);
        map.beginSample();
        map.add(1, Place.DEVICE);
        String line = new ResidencyPicture(Glyphs.ASCII, true).draw(map, 1, 1).getFirst();
        assertTrue(line.endsWith("|\u001b[36m#\u001b[0m|"), line);
    }

    @Test
    void nothingSampledIsNothingDrawn() {
        ResidencyMap map = new ResidencyMap(2, 16);
        assertEquals(List.of(), new ResidencyPicture(Glyphs.ASCII, true).draw(map, 1, 1));
    }
}
