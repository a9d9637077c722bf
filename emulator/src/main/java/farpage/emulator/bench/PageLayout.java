package farpage.emulator.bench;

/// How the pages of a move lie.
///
/// @kernel None: a choice of the benchmarks
public enum PageLayout {
    /// One after another.
    CONTIGUOUS("contiguous"),
    /// At random.
    SCATTERED("scattered");

    private final String label;

    PageLayout(String label) {
        this.label = label;
    }

    /// The name in reports.
    public String label() {
        return label;
    }

    @Override
    public String toString() {
        return label;
    }
}
