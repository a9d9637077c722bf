package farpage.emulator.calibration;

import java.util.List;

/// How the pages of a batch lie: in runs of one length, the runs anywhere on both sides.
///
/// @param pages in all
/// @param runPages pages of each run; 1 if no page continues another
/// @opencl None: a list of buffer offsets
public record CopyLayout(int pages, int runPages) {
    /// Scattered pages, by ascending number. The sizes lie as far apart as the thresholds of a plan
    /// should: each four times the one before.
    public static final List<CopyLayout> SCATTERED =
            List.of(
                    new CopyLayout(1, 1),
                    new CopyLayout(4, 1),
                    new CopyLayout(16, 1),
                    new CopyLayout(64, 1),
                    new CopyLayout(256, 1),
                    new CopyLayout(1024, 1),
                    new CopyLayout(4096, 1));

    /// 2 MiB in runs of ascending length; the last is one large folio.
    public static final List<CopyLayout> RUNS =
            List.of(
                    new CopyLayout(512, 2),
                    new CopyLayout(512, 8),
                    new CopyLayout(512, 32),
                    new CopyLayout(512, 128),
                    new CopyLayout(512, 512));

    /// Checks the limits.
    public CopyLayout {
        if (runPages < 1) {
            throw new IllegalArgumentException("runPages: value=" + runPages + ", limit=1");
        }
        if (pages < runPages || pages % runPages != 0) {
            throw new IllegalArgumentException("pages: value=" + pages + ", limit=n*" + runPages);
        }
    }

    public boolean isScattered() {
        return runPages == 1;
    }

    @Override
    public String toString() {
        return isScattered() ? pages + " pages" : pages + " pages in runs of " + runPages;
    }
}
