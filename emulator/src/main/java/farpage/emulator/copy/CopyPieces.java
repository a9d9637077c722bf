package farpage.emulator.copy;

import farpage.mm.Page;
import java.util.Arrays;

/// Parts of a batch, each of pages that lie one after another in one buffer on either side. All of
/// it is kept in arrays of numbers that are used again for the next batch.
///
/// @kernel drivers/gpu/drm/drm_pagemap.c: the search for contiguous pages before a copy
final class CopyPieces {
    private long[] sources = new long[64];
    private long[] destinations = new long[64];
    private int[] lengths = new int[64];
    private int[] units = new int[64];
    private int count;
    private long pageCount;

    void clear() {
        count = 0;
        pageCount = 0;
    }

    /// Adds a piece.
    ///
    /// @param unit pages of the folios in it, all of one size; 1 where they are of several
    void add(long source, long destination, int length, int unit) {
        if (count == sources.length) {
            sources = Arrays.copyOf(sources, 2 * count);
            destinations = Arrays.copyOf(destinations, 2 * count);
            lengths = Arrays.copyOf(lengths, 2 * count);
            units = Arrays.copyOf(units, 2 * count);
        }
        sources[count] = source;
        destinations[count] = destination;
        lengths[count] = length;
        units[count] = unit;
        count++;
        pageCount += length;
    }

    void addAll(CopyPieces other) {
        for (int i = 0; i < other.count; i++) {
            add(other.sources[i], other.destinations[i], other.lengths[i], other.units[i]);
        }
    }

    int count() {
        return count;
    }

    /// Pages of all pieces.
    long pageCount() {
        return pageCount;
    }

    /// Whether its pages become zeros.
    boolean isZero(int piece) {
        return sources[piece] == Page.NONE;
    }

    /// The first page that a piece copies, or [Page#NONE] for zeros.
    long source(int piece) {
        assert piece < count;
        return sources[piece];
    }

    /// Where the first page of a piece goes.
    long destination(int piece) {
        assert piece < count;
        return destinations[piece];
    }

    /// Pages of a piece.
    int length(int piece) {
        assert piece < count;
        return lengths[piece];
    }

    /// Pages of each folio of a piece.
    int unit(int piece) {
        assert piece < count;
        return units[piece];
    }
}
