package farpage.emulator.bench;

import java.util.Arrays;
import java.util.Comparator;
import java.util.SplittableRandom;

/// The commands that move all pages of a row one way, in their order.
///
/// @kernel lib/test_hmm.c: struct hmm_dmirror_cmd
final class MigrateBatches {
    private final long[][] numbers;

    /// The first pages of the folios in the order in which they move.
    private final int[] heads;

    private MigrateBatches(long[][] numbers, int[] heads) {
        this.numbers = numbers;
        this.heads = heads;
    }

    /// Cuts the pages of a scene into commands: in their order where they are contiguous, else
    /// folios by chance, each command's in ascending order.
    static MigrateBatches of(MigrateScene scene, int batchPages, SplittableRandom random) {
        int folioPages = scene.folioPages();
        Integer[] folios = new Integer[scene.pageCount() / folioPages];
        Arrays.setAll(folios, folio -> folio * folioPages);
        int batchFolios = batchPages / folioPages;
        if (scene.layout() == PageLayout.SCATTERED) {
            shuffle(folios, random);
            for (int first = 0; first < folios.length; first += batchFolios) {
                Arrays.sort(
                        folios,
                        first,
                        first + batchFolios,
                        Comparator.comparingLong(scene::pageNumber));
            }
        }
        int[] heads = new int[folios.length];
        long[][] numbers = new long[folios.length / batchFolios][batchPages];
        for (int i = 0; i < heads.length; i++) {
            heads[i] = folios[i];
            for (int page = 0; page < folioPages; page++) {
                numbers[i / batchFolios][i % batchFolios * folioPages + page] =
                        scene.pageNumber(heads[i] + page);
            }
        }
        return new MigrateBatches(numbers, heads);
    }

    static void shuffle(Integer[] values, SplittableRandom random) {
        for (int i = values.length - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            Integer value = values[i];
            values[i] = values[other];
            values[other] = value;
        }
    }

    int count() {
        return numbers.length;
    }

    /// The virtual page numbers of a command.
    long[] numbers(int batch) {
        return numbers[batch];
    }

    /// The places of the folios' first pages, in the order in which they move.
    int[] heads() {
        return heads;
    }
}
