package farpage.emulator.copy;

import java.util.Arrays;

/// A batch cut into runs: where each begins in the batch and how many pairs it has. Runs that are
/// long enough come first in use as one command each; the pairs of the others are listed singly.
///
/// All of it is kept in arrays of numbers that are used again for the next batch.
///
/// @kernel drivers/gpu/drm/drm_pagemap.c: the search for contiguous pages before a copy
final class CopyRuns {
    private int[] runStarts = new int[64];
    private int[] runLengths = new int[64];
    private int runCount;
    private int[] copied = new int[64];
    private int copiedCount;
    private int[] cleared = new int[64];
    private int clearedCount;

    /// Cuts a batch.
    ///
    /// @param toDevice which side of the pairs lies in the device's buffers
    void split(CopyBatch batch, PageBuffers buffers, boolean toDevice, CopyPolicy policy) {
        split(batch, buffers, toDevice, policy.directRunPages());
        int scattered = copiedCount + clearedCount;
        if (scattered > 0 && scattered < policy.stagedPagesMin()) {
            split(batch, buffers, toDevice, 1);
        }
    }

    private void split(CopyBatch batch, PageBuffers buffers, boolean toDevice, int directRunPages) {
        runCount = 0;
        copiedCount = 0;
        clearedCount = 0;
        for (int i = 0; i < batch.count(); ) {
            long devicePage = toDevice ? batch.destination(i) : batch.source(i);
            int limit = Math.min(buffers.pagesToEnd(devicePage), CopyEngine.RUN_PAGES_MAX);
            int length = batch.runLength(i, limit);
            if (length >= directRunPages) {
                addRun(i, length);
            } else {
                addScattered(batch, i, length);
            }
            i += length;
        }
    }

    private void addRun(int start, int length) {
        if (runCount == runStarts.length) {
            runStarts = Arrays.copyOf(runStarts, 2 * runCount);
            runLengths = Arrays.copyOf(runLengths, 2 * runCount);
        }
        runStarts[runCount] = start;
        runLengths[runCount] = length;
        runCount++;
    }

    private void addScattered(CopyBatch batch, int start, int length) {
        if (batch.isZero(start)) {
            cleared = ensure(cleared, clearedCount + length);
            for (int i = start; i < start + length; i++) {
                cleared[clearedCount++] = i;
            }
        } else {
            copied = ensure(copied, copiedCount + length);
            for (int i = start; i < start + length; i++) {
                copied[copiedCount++] = i;
            }
        }
    }

    private static int[] ensure(int[] array, int size) {
        return size <= array.length
                ? array
                : Arrays.copyOf(array, Math.max(size, 2 * array.length));
    }

    int runCount() {
        return runCount;
    }

    int runStart(int run) {
        return runStarts[run];
    }

    int runLength(int run) {
        return runLengths[run];
    }

    /// Pairs with a source that are part of no run.
    int copiedCount() {
        return copiedCount;
    }

    /// The place in the batch of one of them.
    int copied(int index) {
        return copied[index];
    }

    /// Pairs without a source that are part of no run.
    int clearedCount() {
        return clearedCount;
    }

    /// The place in the batch of one of them.
    int cleared(int index) {
        return cleared[index];
    }
}
