package farpage.emulator.copy;

import farpage.mm.Page;

/// A list of pages to copy, made once and used again. The order of the pairs is free. It is kept in
/// runs: a pair that continues the one added before it on both sides joins it, so a large folio is
/// one run, and folios that lie side by side are one together.
///
/// A pair without a source stands for a page of zeros.
///
/// @kernel drivers/gpu/drm/drm_pagemap.c: the page and address arrays of a copy
public final class CopyBatch {
    private final long[] sources;
    private final long[] destinations;
    private final int[] lengths;
    private final int[] units;
    private int runCount;
    private int pageCount;

    /// The pair that would continue a run of single pages; [Page#NONE] if none would.
    private long nextSource = Page.NONE;

    private long nextDestination = Page.NONE;

    /// @param capacity the most runs it can hold; as many pages always fit
    public CopyBatch(int capacity) {
        if (capacity <= 0) {
            throw new IllegalArgumentException("capacity: value=" + capacity + ", limit=1");
        }
        sources = new long[capacity];
        destinations = new long[capacity];
        lengths = new int[capacity];
        units = new int[capacity];
    }

    /// Forgets all pairs.
    public void clear() {
        runCount = 0;
        pageCount = 0;
        nextSource = Page.NONE;
        nextDestination = Page.NONE;
    }

    /// Adds a pair of [Page] words.
    public void add(long source, long destination) {
        if (destination == nextDestination && source == nextSource) {
            nextDestination++;
            nextSource++;
            lengths[runCount - 1]++;
            pageCount++;
        } else {
            add(source, destination, 1);
        }
    }

    /// Adds as many pairs as there are pages from each of two [Page] words on, as in two folios.
    public void add(long source, long destination, int count) {
        assert destination != Page.NONE;
        assert count > 0;
        pageCount += count;
        noteNext(source, destination, count);
        int last = runCount - 1;
        if (last >= 0 && destinations[last] + lengths[last] == destination) {
            boolean continues =
                    source == Page.NONE
                            ? sources[last] == Page.NONE
                            : sources[last] != Page.NONE && sources[last] + lengths[last] == source;
            if (continues) {
                lengths[last] += count;
                units[last] = units[last] == count ? count : 1;
                return;
            }
        }
        sources[runCount] = source;
        destinations[runCount] = destination;
        lengths[runCount] = count;
        units[runCount] = count;
        runCount++;
    }

    /// A single page that continues a run of single pages is all that is quick to add.
    private void noteNext(long source, long destination, int count) {
        boolean isSinglePage = count == 1 && source != Page.NONE;
        nextSource = isSinglePage ? source + 1 : Page.NONE;
        nextDestination = isSinglePage ? destination + 1 : Page.NONE;
    }

    /// Adds a page that is to become zeros.
    public void addZero(long destination) {
        add(Page.NONE, destination, 1);
    }

    /// Adds pages that are to become zeros, as many as there are from the given one on.
    public void addZero(long destination, int count) {
        add(Page.NONE, destination, count);
    }

    /// Pages.
    public int count() {
        return pageCount;
    }

    public int capacity() {
        return sources.length;
    }

    int runCount() {
        return runCount;
    }

    /// The first page that a run copies, or [Page#NONE] for zeros.
    long source(int run) {
        assert run < runCount;
        return sources[run];
    }

    /// Where the first page of a run goes.
    long destination(int run) {
        assert run < runCount;
        return destinations[run];
    }

    /// Pages of a run.
    int length(int run) {
        assert run < runCount;
        return lengths[run];
    }

    /// Pages that each addition to a run had; 1 where they differed. What can not be copied whole
    /// is tried in such parts.
    int unit(int run) {
        assert run < runCount;
        return units[run];
    }
}
