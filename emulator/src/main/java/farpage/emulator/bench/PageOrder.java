package farpage.emulator.bench;

import java.util.SplittableRandom;

/// In which order the pages of a range are taken.
///
/// @kernel None: what a device's faults come in
public enum PageOrder {
    /// One after another.
    CONTIGUOUS("contiguous", 512),

    /// Runs of 16 pages, one after another within a run, the runs in random order.
    RUNS("runs", 16),

    /// Every page at random.
    SCATTERED("scattered", 1);

    private final String label;
    private final int runPages;

    PageOrder(String label, int runPages) {
        this.label = label;
        this.runPages = runPages;
    }

    /// Its name in reports.
    public String label() {
        return label;
    }

    /// Pages that lie in a row and are taken together.
    public int runPages() {
        return runPages;
    }

    /// The places of the pages of a range in an order of this kind, another one with every call.
    ///
    /// @param count a multiple of [#runPages()]
    public int[] places(int count, SplittableRandom random) {
        assert count % runPages == 0;
        int[] runs = new int[count / runPages];
        for (int i = 0; i < runs.length; i++) {
            int other = this == CONTIGUOUS ? i : random.nextInt(i + 1);
            runs[i] = runs[other];
            runs[other] = i;
        }
        if (runPages == 1) {
            return runs;
        }
        int[] places = new int[count];
        for (int i = 0; i < count; i++) {
            places[i] = runs[i / runPages] * runPages + i % runPages;
        }
        return places;
    }
}
