package farpage.emulator.copy;

import farpage.mm.Page;

/// Cuts a batch for the device: pieces that are long enough to be a command each, and the others.
/// No piece leaves a buffer.
///
/// @kernel drivers/gpu/drm/drm_pagemap.c: the search for contiguous pages before a copy
final class CopyCutter {
    private final PageBuffers buffers;
    private final HostWindows windows;

    CopyCutter(PageBuffers buffers, HostWindows windows) {
        this.buffers = buffers;
        this.windows = windows;
    }

    /// Cuts a batch into two empty lists.
    ///
    /// @return the method for the scattered ones; there are none if that is [CopyMethod#DIRECT]
    CopyMethod cut(
            CopyBatch batch,
            CopyDirection direction,
            CopyTable table,
            CopyPieces straight,
            CopyPieces scattered) {
        for (int run = 0; run < batch.runCount(); run++) {
            long source = batch.source(run);
            long destination = batch.destination(run);
            int left = batch.length(run);
            while (left > 0) {
                int length = Math.min(left, pagesToEnd(direction, source, destination));
                CopyPieces pieces = length >= table.directRunPages() ? straight : scattered;
                pieces.add(source, destination, length, batch.unit(run));
                source = source == Page.NONE ? Page.NONE : source + length;
                destination += length;
                left -= length;
            }
        }
        if (scattered.count() == 0) {
            return CopyMethod.DIRECT;
        }
        CopyMethod method = table.method((int) scattered.pageCount());
        if (method == CopyMethod.DIRECT) {
            straight.addAll(scattered);
            scattered.clear();
        }
        return method;
    }

    private int pagesToEnd(CopyDirection direction, long source, long destination) {
        int end =
                switch (direction) {
                    case TO_DEVICE, WITHIN_DEVICE -> buffers.pagesToEnd(destination);
                    case TO_SYSTEM -> windows.pagesToEnd(destination);
                };
        if (source != Page.NONE) {
            int sourceEnd =
                    switch (direction) {
                        case TO_DEVICE -> windows.pagesToEnd(source);
                        case TO_SYSTEM, WITHIN_DEVICE -> buffers.pagesToEnd(source);
                    };
            end = Math.min(end, sourceEnd);
        }
        return Math.min(end, CopyEngine.RUN_PAGES_MAX);
    }
}
