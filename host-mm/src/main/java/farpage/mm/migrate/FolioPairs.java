package farpage.mm.migrate;

import java.util.Arrays;

/// Folios to copy and where to. The pages of each lie in a row on both sides.
///
/// @kernel mm/migrate.c: migrate_pages_batch, unmap_folios and dst_folios
public final class FolioPairs {
    private long[] sources;
    private long[] destinations;
    private int[] lengths;
    private int count;
    private int pageCount;

    /// An empty list with room for some.
    public FolioPairs(int expected) {
        sources = new long[expected];
        destinations = new long[expected];
        lengths = new int[expected];
    }

    /// Adds a folio.
    public void add(long source, long destination, int length) {
        if (count == sources.length) {
            int more = Math.max(16, 2 * count);
            sources = Arrays.copyOf(sources, more);
            destinations = Arrays.copyOf(destinations, more);
            lengths = Arrays.copyOf(lengths, more);
        }
        sources[count] = source;
        destinations[count] = destination;
        lengths[count++] = length;
        pageCount += length;
    }

    void clear() {
        count = 0;
        pageCount = 0;
    }

    /// How many folios.
    public int count() {
        return count;
    }

    /// Pages of all of them.
    public int pageCount() {
        return pageCount;
    }

    /// The first page of a folio.
    public long source(int index) {
        assert index < count;
        return sources[index];
    }

    /// Where that goes.
    public long destination(int index) {
        assert index < count;
        return destinations[index];
    }

    /// Pages of a folio.
    public int length(int index) {
        assert index < count;
        return lengths[index];
    }
}
