package farpage.emulator.copy;

import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClEvent;
import farpage.opencl.ClException;
import farpage.opencl.ClMemoryFlag;
import farpage.opencl.ClQueue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongSupplier;

/// A device's loads and stores in the memory of another: bytes go between the owner's buffers and a
/// buffer of the client's where they land. Within one context that is a copy from buffer to buffer;
/// between two it goes through memory of the host.
///
/// Buffers of the owner are used by queues of the owner only, so that an implementation that keeps
/// a copy for each device of a context has no reason to move them; what crosses is the landing
/// buffer. Each device waits for the other before it touches that.
///
/// @opencl clEnqueueCopyBuffer; clEnqueueReadBuffer, clEnqueueWriteBuffer
public final class PeerCopy implements AutoCloseable {
    /// Pages that land at once: 4 MiB.
    private static final int LANDING_PAGES = 1 << 10;

    /// How often a wait after a failure is repeated.
    private static final int SETTLE_ATTEMPTS = 3;

    private final RankedLock lock = new RankedLock(LockRank.COPY_QUEUE);
    private final PageBuffers buffers;
    private final boolean direct;
    private final LongSupplier nanoClock;
    private final Arena arena = Arena.ofShared();
    private final ClQueue ofOwner;
    private final ClQueue ofClient;
    private final ClBuffer landing;
    private final MemorySegment staging;
    private long copiedBytes;
    private long copyNanos;

    /// @param owner whose memory is used
    /// @param buffers where its pages lie
    /// @param client that uses it
    /// @param direct whether bytes go from buffer to buffer; both are of one context then
    /// @throws ClException if a queue or a buffer can not be made
    public PeerCopy(
            CopyDevice owner,
            PageBuffers buffers,
            CopyDevice client,
            boolean direct,
            LongSupplier nanoClock) {
        this.buffers = buffers;
        this.direct = direct;
        this.nanoClock = nanoClock;
        long size = CopyEngine.bytes(LANDING_PAGES);
        this.staging = direct ? MemorySegment.NULL : arena.allocate(size, 4096);
        this.ofOwner = owner.context().createQueue(owner.device());
        ClQueue second = null;
        boolean complete = false;
        try {
            second = client.context().createQueue(client.device());
            this.landing = client.context().createBuffer(size, ClMemoryFlag.READ_WRITE);
            this.ofClient = second;
            complete = true;
        } finally {
            if (!complete) {
                if (second != null) {
                    second.close();
                }
                ofOwner.close();
                arena.close();
            }
        }
    }

    /// Whether bytes go from buffer to buffer.
    public boolean isDirect() {
        return direct;
    }

    /// The client loads pages of the owner's memory for the caller.
    ///
    /// @param to memory off the Java heap
    public CopyResult read(AccessBatch batch, MemorySegment to) {
        return access(batch, to, false);
    }

    /// The client stores the caller's bytes in pages of the owner's memory.
    ///
    /// @param from memory off the Java heap
    public CopyResult write(AccessBatch batch, MemorySegment from) {
        return access(batch, from, true);
    }

    /// Copies pages of the owner to pages of the client. Every pair has a source.
    ///
    /// @param to where the client's pages lie
    public CopyResult move(CopyBatch batch, PageBuffers to) {
        return answer(() -> {
            for (int run = 0; run < batch.runCount(); run++) {
                moveRun(batch, run, to);
            }
        });
    }

    private void moveRun(CopyBatch batch, int run, PageBuffers to) {
        int done = 0;
        while (done < batch.length(run)) {
            long from = batch.source(run) + done;
            long target = batch.destination(run) + done;
            int limit = Math.min(buffers.pagesToEnd(from), to.pagesToEnd(target));
            int count = Math.min(Math.min(limit, LANDING_PAGES), batch.length(run) - done);
            AccessBatch one = new AccessBatch();
            for (int i = 0; i < count; i++) {
                one.add(from + i, CopyEngine.bytes(i), count - i);
            }
            passTimed(new Window(one, 0, 1, 0, count), false);
            ofClient.enqueueCopy(
                    landing, 0, to.buffer(target), to.offset(target), CopyEngine.bytes(count));
            await(ofClient);
            done += count;
        }
    }

    private CopyResult access(AccessBatch batch, MemorySegment host, boolean isWrite) {
        return answer(() -> {
            for (int run = 0; run < batch.runCount(); ) {
                run = accessLocked(batch, run, host, isWrite);
            }
        });
    }

    /// The one place where a failure becomes an answer.
    private CopyResult answer(Runnable transfers) {
        lock.lock();
        try {
            transfers.run();
            return new CopyResult.Copied();
        } catch (ClException e) {
            settle(ofOwner, e);
            settle(ofClient, e);
            return new CopyResult.Failed(e);
        } finally {
            lock.unlock();
        }
    }

    /// Waits for what was enqueued before a failure; the wait itself may fail on its account.
    private static void settle(ClQueue queue, ClException failure) {
        for (int attempt = 0; attempt < SETTLE_ATTEMPTS; attempt++) {
            try {
                queue.finish();
                return;
            } catch (ClException e) {
                failure.addSuppressed(e);
            }
        }
    }

    private static void await(ClQueue queue) {
        try (ClEvent done = queue.marker()) {
            done.await();
        }
    }

    /// As many runs as land at once, and of a longer one all.
    ///
    /// @return the run to go on with
    private int accessLocked(AccessBatch batch, int first, MemorySegment host, boolean isWrite) {
        if (batch.pageCount(first) > LANDING_PAGES) {
            for (int done = 0; done < batch.pageCount(first); done += LANDING_PAGES) {
                int count = Math.min(LANDING_PAGES, batch.pageCount(first) - done);
                Window window = new Window(batch, first, first + 1, done, count);
                pass(window, host, isWrite);
            }
            return first + 1;
        }
        int end = first;
        int pages = 0;
        while (end < batch.runCount() && pages + batch.pageCount(end) <= LANDING_PAGES) {
            pages += batch.pageCount(end++);
        }
        pass(new Window(batch, first, end, 0, pages), host, isWrite);
        return end;
    }

    /// Runs that land together.
    ///
    /// @param skipped pages at the begin of the first run, which is the only one then
    /// @param pageCount of all runs
    private record Window(AccessBatch batch, int first, int end, int skipped, int pageCount) {
        long page(int run) {
            return batch.firstPage(run) + skipped;
        }

        long offset(int run) {
            return batch.offset(run) + CopyEngine.bytes(skipped);
        }

        long size(int run) {
            return CopyEngine.bytes(Math.min(batch.pageCount(run) - skipped, pageCount));
        }
    }

    private void pass(Window window, MemorySegment host, boolean isWrite) {
        if (isWrite) {
            land(window, host, true);
        }
        passTimed(window, isWrite);
        if (!isWrite) {
            land(window, host, false);
        }
    }

    private void passTimed(Window window, boolean isWrite) {
        long start = nanoClock.getAsLong();
        if (direct) {
            passDirectly(window, isWrite);
        } else {
            passThroughHost(window, isWrite);
        }
        copyNanos += nanoClock.getAsLong() - start;
        copiedBytes += CopyEngine.bytes(window.pageCount());
    }

    private void passDirectly(Window window, boolean isWrite) {
        long at = 0;
        for (int run = window.first(); run < window.end(); run++) {
            long page = window.page(run);
            long size = window.size(run);
            if (isWrite) {
                ofOwner.enqueueCopy(landing, at, buffers.buffer(page), buffers.offset(page), size);
            } else {
                ofOwner.enqueueCopy(buffers.buffer(page), buffers.offset(page), landing, at, size);
            }
            at += size;
        }
        await(ofOwner);
    }

    private void passThroughHost(Window window, boolean isWrite) {
        long size = CopyEngine.bytes(window.pageCount());
        if (isWrite) {
            ofClient.readBlocking(landing, 0, staging.asSlice(0, size));
        }
        long at = 0;
        for (int run = window.first(); run < window.end(); run++) {
            long page = window.page(run);
            long length = window.size(run);
            if (isWrite) {
                ofOwner.enqueueWrite(
                        buffers.buffer(page), buffers.offset(page), staging, at, length);
            } else {
                ofOwner.enqueueRead(
                        buffers.buffer(page), buffers.offset(page), staging, at, length);
            }
            at += length;
        }
        await(ofOwner);
        if (!isWrite) {
            ofClient.writeBlocking(landing, 0, staging.asSlice(0, size));
        }
    }

    /// Between the landing buffer and the caller's memory.
    private void land(Window window, MemorySegment host, boolean isWrite) {
        long at = 0;
        for (int run = window.first(); run < window.end(); run++) {
            long size = window.size(run);
            if (isWrite) {
                ofClient.enqueueWrite(landing, at, host, window.offset(run), size);
            } else {
                ofClient.enqueueRead(landing, at, host, window.offset(run), size);
            }
            at += size;
        }
        await(ofClient);
    }

    /// Bytes that went between the two devices.
    public long copiedBytes() {
        lock.lock();
        try {
            return copiedBytes;
        } finally {
            lock.unlock();
        }
    }

    /// The time that they took.
    public long copyNanos() {
        lock.lock();
        try {
            return copyNanos;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        landing.close();
        ofClient.close();
        ofOwner.close();
        arena.close();
    }
}
