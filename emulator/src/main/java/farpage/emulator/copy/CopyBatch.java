package farpage.emulator.copy;

import farpage.mm.Page;

/// A list of pages to copy, made once and used again. The order of the pairs is free; neighbours
/// that continue each other on both sides are copied together.
///
/// A pair without a source stands for a page of zeros.
///
/// @kernel drivers/gpu/drm/drm_pagemap.c: the page and address arrays of a copy
public final class CopyBatch {
    private final long[] sources;
    private final long[] destinations;
    private int count;

    /// @param capacity the most pairs it can hold
    public CopyBatch(int capacity) {
        if (capacity <= 0) {
            throw new IllegalArgumentException("capacity: value=" + capacity + ", limit=1");
        }
        sources = new long[capacity];
        destinations = new long[capacity];
    }

    /// Forgets all pairs.
    public void clear() {
        count = 0;
    }

    /// Adds a pair of [Page] words.
    public void add(long source, long destination) {
        assert destination != Page.NONE;
        sources[count] = source;
        destinations[count] = destination;
        count++;
    }

    /// Adds a page that is to become zeros.
    public void addZero(long destination) {
        add(Page.NONE, destination);
    }

    public int count() {
        return count;
    }

    public int capacity() {
        return sources.length;
    }

    long source(int index) {
        assert index < count;
        return sources[index];
    }

    long destination(int index) {
        assert index < count;
        return destinations[index];
    }

    boolean isZero(int index) {
        return source(index) == Page.NONE;
    }

    /// How many pairs from `index` on form one run: each continues the one before it on both sides.
    int runLength(int index, int limit) {
        long source = sources[index];
        long destination = destinations[index];
        int end = Math.min(count, index + limit);
        int at = index + 1;
        if (source == Page.NONE) {
            while (at < end
                    && sources[at] == Page.NONE
                    && destinations[at] == destination + (at - index)) {
                at++;
            }
        } else {
            while (at < end
                    && sources[at] == source + (at - index)
                    && destinations[at] == destination + (at - index)) {
                at++;
            }
        }
        return at - index;
    }
}
