package farpage.emulator.copy;

import farpage.mm.Page;
import java.util.Arrays;

/// A batch cut for the device: runs that are long enough to be one command each, and the pages of
/// the others one by one. No run leaves the buffer that it begins in.
///
/// All of it is kept in arrays of numbers that are used again for the next batch.
///
/// @kernel drivers/gpu/drm/drm_pagemap.c: the search for contiguous pages before a copy
final class CopyRuns {
    private long[] sources = new long[64];
    private long[] destinations = new long[64];
    private int[] lengths = new int[64];
    private int runCount;
    private long[] copiedSources = new long[64];
    private long[] copiedDestinations = new long[64];
    private int copiedCount;
    private long[] cleared = new long[64];
    private int clearedCount;

    /// Which side of the pairs lies in buffers of the device, so that a run ends where a buffer
    /// does.
    ///
    /// @opencl clEnqueueWriteBuffer, clEnqueueReadBuffer, clEnqueueCopyBuffer
    enum Direction {
        TO_DEVICE,
        TO_SYSTEM,
        WITHIN_DEVICE;

        private int pagesToEnd(PageBuffers buffers, long source, long destination) {
            return switch (this) {
                case TO_DEVICE -> buffers.pagesToEnd(destination);
                case TO_SYSTEM -> buffers.pagesToEnd(source);
                case WITHIN_DEVICE ->
                        Math.min(buffers.pagesToEnd(source), buffers.pagesToEnd(destination));
            };
        }
    }

    /// Cuts a batch.
    ///
    /// @return the method for what is scattered; nothing is if that is [CopyMethod#DIRECT]
    CopyMethod split(CopyBatch batch, PageBuffers buffers, Direction direction, CopyTable table) {
        split(batch, buffers, direction, table.directRunPages());
        int scattered = copiedCount + clearedCount;
        if (scattered == 0) {
            return CopyMethod.DIRECT;
        }
        CopyMethod method = table.method(scattered);
        if (method == CopyMethod.DIRECT) {
            split(batch, buffers, direction, 1);
        }
        return method;
    }

    private void split(
            CopyBatch batch, PageBuffers buffers, Direction direction, int directRunPages) {
        runCount = 0;
        copiedCount = 0;
        clearedCount = 0;
        for (int run = 0; run < batch.runCount(); run++) {
            long source = batch.source(run);
            long destination = batch.destination(run);
            int left = batch.length(run);
            while (left > 0) {
                int limit =
                        Math.min(
                                direction.pagesToEnd(buffers, source, destination),
                                CopyEngine.RUN_PAGES_MAX);
                int length = Math.min(left, limit);
                if (length >= directRunPages) {
                    addRun(source, destination, length);
                } else {
                    addScattered(source, destination, length);
                }
                source = source == Page.NONE ? Page.NONE : source + length;
                destination += length;
                left -= length;
            }
        }
    }

    private void addRun(long source, long destination, int length) {
        if (runCount == sources.length) {
            sources = Arrays.copyOf(sources, 2 * runCount);
            destinations = Arrays.copyOf(destinations, 2 * runCount);
            lengths = Arrays.copyOf(lengths, 2 * runCount);
        }
        sources[runCount] = source;
        destinations[runCount] = destination;
        lengths[runCount] = length;
        runCount++;
    }

    private void addScattered(long source, long destination, int length) {
        if (source == Page.NONE) {
            cleared = ensure(cleared, clearedCount + length);
            for (int i = 0; i < length; i++) {
                cleared[clearedCount++] = destination + i;
            }
        } else {
            copiedSources = ensure(copiedSources, copiedCount + length);
            copiedDestinations = ensure(copiedDestinations, copiedCount + length);
            for (int i = 0; i < length; i++) {
                copiedSources[copiedCount] = source + i;
                copiedDestinations[copiedCount] = destination + i;
                copiedCount++;
            }
        }
    }

    private static long[] ensure(long[] array, int size) {
        return size <= array.length
                ? array
                : Arrays.copyOf(array, Math.max(size, 2 * array.length));
    }

    int runCount() {
        return runCount;
    }

    boolean isZero(int run) {
        return sources[run] == Page.NONE;
    }

    /// The first page that a run copies.
    long source(int run) {
        assert !isZero(run);
        return sources[run];
    }

    /// Where the first page of a run goes.
    long destination(int run) {
        return destinations[run];
    }

    /// Pages of a run.
    int length(int run) {
        return lengths[run];
    }

    /// Pages with a source that are part of no run.
    int copiedCount() {
        return copiedCount;
    }

    long copiedSource(int index) {
        return copiedSources[index];
    }

    long copiedDestination(int index) {
        return copiedDestinations[index];
    }

    /// Pages to clear that are part of no run.
    int clearedCount() {
        return clearedCount;
    }

    long cleared(int index) {
        return cleared[index];
    }
}
